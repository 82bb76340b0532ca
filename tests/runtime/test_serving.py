"""A plugin that is an object in a module, served by its name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ekuiper.errors import ConfigError
from ekuiper.runtime.serving import found

from .test_process import DEADLINE, HOST_ARGUMENT, Plugin, ask

MODULE = """
import os
from ekuiper import Function, PluginConfig

class Pids(Function):
    def exec(self, args, ctx):
        return [os.getpid(), os.getppid()]

p = PluginConfig("p", {}, {}, {"pids": Pids})
number = 3

def make():
    return p
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With a module of a name that no other test takes."""
    name = f"served_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def serve(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "ekuiper", "serve", *arguments],
        cwd=folder,
        env={**os.environ, "EKUIPER_SOCKET_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        stdin=subprocess.DEVNULL,
    )


def test_a_name_finds_an_object_or_what_makes_one(folder):
    """In a module of this folder."""
    assert found(f"{folder}:p") is found(f"{folder}:make")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:p", "there is no module 'no_such_module', neither in"),
        ("{}:q", "has no 'q'; it has {}:p"),
        ("{}:number", "must be a PluginConfig, not int 3"),
    ],
)
def test_a_name_that_finds_none_says_why(folder, target, reason):
    """And what is there instead."""
    with pytest.raises(ConfigError) as caught:
        found(target.format(folder))

    assert reason.format(folder) in str(caught.value)


def test_what_a_module_lacks_is_not_blamed_on_its_name(tmp_path, monkeypatch):
    """The author's own import that fails is raised as it is."""
    (tmp_path / "served_lacking.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        found("served_lacking:p")


@pytest.mark.parametrize("arguments", [[], ["weather"], [":p"], ["--name", "x"]])
def test_who_calls_it_wrongly_is_told_how(tmp_path, arguments):
    """With status 2."""
    ended = serve(tmp_path, *arguments)

    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: ekuiper serve [--name NAME] MODULE:PLUGIN")


def test_by_hand_mistakes_are_told_in_a_line(folder, tmp_path):
    """No traceback, and status 2, also where all is right but nobody listens."""
    mistaken, unheard = serve(tmp_path, f"{folder}:q"), serve(tmp_path, f"{folder}:p")

    assert (mistaken.returncode, len(mistaken.stderr.splitlines())) == (2, 1)
    assert "has no 'q'" in mistaken.stderr
    assert unheard.returncode == 2
    assert "This is the eKuiper plugin 'p'" in unheard.stderr
    assert f"ekuiper run {tmp_path}" in unheard.stderr


def test_a_host_has_its_supervisor_and_worker(tmp_path):
    """The name of the plugin, where the module has another, is told beforehand."""
    plugin = Plugin(tmp_path, "")
    (tmp_path / "served_here.py").write_text(MODULE)
    command = ["-m", "ekuiper", "serve", "--name", "p", "served_here:p", HOST_ARGUMENT]
    plugin.process = subprocess.Popen(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "EKUIPER_SOCKET_DIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert plugin.control.recv(DEADLINE) == b"handshake"
        worker, supervisor = ask(plugin.function("pids"))
    finally:
        plugin.close()

    assert supervisor == plugin.process.pid != worker
