"""What is gathered of this machine, and of processes that were made up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ekuiper.host.local.interpreter import try_interpreter
from ekuiper.host.local.kuiperd import kuiperds
from ekuiper.host.local.machine import gather, orphans
from ekuiper.host.local.processes import Process, environment, processes
from ekuiper.host.local.sockets import socket_files

TOLD = '{"sendTimeout":1000}'

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def process(pid: int, parent: int, name: str = "python3", *command: str) -> Process:
    return Process(pid, parent, 1000, name, command)


def plugin(pid: int, parent: int) -> Process:
    return process(pid, parent, "python3", "python3", "-u", "/p/weather.py", TOLD)


def test_an_orphan_has_no_host_above_it():
    """The first of its processes is told; what a host or a wrapper of one started is none."""
    init = process(1, 0, "init", "/sbin/init")
    host = process(2, 1, "kuiperd", "./bin/kuiperd")
    wrapped = [process(3, 2, "conda", "conda", "run", "-n", "e", "python", TOLD), plugin(4, 3)]
    left = [plugin(5, 1), plugin(6, 5)]
    shell = process(7, 1, "bash", "bash")
    ours = [process(8, 7, "ekuiper", "ekuiper", "run", "."), plugin(9, 8)]

    found = orphans([init, host, *wrapped, *left, shell, *ours])

    assert [each.pid for each in found] == [5]
    assert found[0].command == "python3 -u /p/weather.py"


def test_a_host_may_be_the_first_process():
    """As it is in a container."""
    assert orphans([process(1, 0, "kuiperd", "./bin/kuiperd"), plugin(2, 1)]) == []


def test_stale_sockets_are_told_from_others(tmp_path: Path):
    """Nobody listens at them; other files are nobody's business."""
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as dead:
        live.bind(str(tmp_path / "func_live.ipc"))
        live.listen()
        dead.bind(str(tmp_path / "rule_op_0.ipc"))
        dead.listen()
        dead.close()
        (tmp_path / "file.ipc").touch()

        found = socket_files(str(tmp_path))

    assert [(Path(each.path).name, each.listened) for each in found] == [
        ("func_live.ipc", True),
        ("rule_op_0.ipc", False),
    ]
    assert {each.uid for each in found} == {os.geteuid()}
    assert socket_files(str(tmp_path / "none")) == []


def test_the_processes_of_this_machine_are_seen():
    """This one among them, with what it was started with."""
    ours = next(each for each in processes() if each.pid == os.getpid())

    assert (ours.parent, ours.uid) == (os.getppid(), os.geteuid())
    assert ours.command
    assert not ours.is_host
    assert environment(os.getpid())


@pytest.mark.parametrize("way", ["working folder", "above it", "base", "option", "option ="])
def test_a_host_is_found_with_its_settings(tmp_path: Path, way: str):
    """Wherever eKuiper itself would look for them; the environment wins."""
    home = tmp_path / "home"
    for name in ("etc", "log", "plugins", "deep"):
        (home / name).mkdir(parents=True)
    settings = "portable:\n  pythonBin: here\n  initTimeout: 60s\n"
    (home / "etc" / "kuiper.yaml").write_text(settings)
    program = tmp_path / "kuiperd"
    program.symlink_to("/bin/sleep")
    working = {"working folder": home, "above it": home / "deep"}.get(way, tmp_path)
    more = {"base": {"KuiperBaseKey": str(home)}}.get(way, {})
    script = "import os, sys; os.execv('/bin/sh', sys.argv[1:])"
    options = {"option": ["-etc", f"{home}/etc"], "option =": [f"--etc={home}/etc"]}.get(way, [])
    shell = ["kuiperd", "-c", "echo; read line", "kuiperd", *options]
    with subprocess.Popen(
        [sys.executable, "-c", script, *shell],
        cwd=working,
        env={**os.environ, "KUIPER__PORTABLE__PYTHONBIN": sys.executable, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()  # it runs
        (host,) = kuiperds([each for each in processes() if each.pid == running.pid])
        running.communicate(b"\n")

    assert host.folders["etc"] == str(home / "etc")
    assert host.uid == os.geteuid()
    assert host.python == sys.executable
    assert host.setting("portable", "initTimeout") == "60s"
    assert (host.unread, host.own_tmp, host.contained) == ("", False, False)


def test_an_interpreter_is_tried(tmp_path: Path):
    """Its version, or why there is none."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    broken.chmod(0o755)
    uid = os.geteuid()

    assert try_interpreter(sys.executable, uid, os.environ).version == sys.version_info[:3]
    assert "no such module" in try_interpreter(str(broken), uid, os.environ).problem
    assert "there is no program" in try_interpreter("python", uid, {"PATH": "/none"}).problem


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may become anybody")
def test_the_host_of_another_user_says_little():
    """No more than that it is there, and whose."""
    code = (
        "import os, sys;"
        "from ekuiper.host.local.kuiperd import kuiperds;"
        "from ekuiper.host.local.processes import Process;"
        "os.setgroups([]); os.setgid(4711); os.setuid(4711);"
        "(host,) = kuiperds([Process(int(sys.argv[1]), 1, 0, 'kuiperd')]);"
        "print(host.environment, bool(host.unread))"
    )
    command = [sys.executable, "-c", code, str(os.getpid())]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "None True\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root runs it as the host's user")
def test_the_interpreter_of_another_user_is_not_run():
    """Whoever calls a program kuiperd could have us run what he wants."""
    found = try_interpreter(sys.executable, os.geteuid() + 1, os.environ)

    assert (found.version, found.problem) == (None, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may become anybody")
def test_root_runs_an_interpreter_as_the_hosts_user():
    """Never as root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        program = Path(folder, "python")
        program.write_text('#!/bin/sh\necho "[[3, 12, $(id -u)], null]"\n')
        program.chmod(0o755)
        found = try_interpreter(str(program), 4711, {"PATH": os.defpath})

    assert found.version == (3, 12, 4711)


def test_all_of_it_is_gathered_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """And of the folder that EKUIPER_SOCKET_DIR names."""
    monkeypatch.setenv("EKUIPER_SOCKET_DIR", str(tmp_path))
    began = time.monotonic()
    found = gather()

    assert time.monotonic() - began < 60
    assert (found.sockets.path, found.moved) == (str(tmp_path), True)
    assert found.sockets.writable
    assert found.runtime.mode is None
    assert found.rooms[0].free > 0
