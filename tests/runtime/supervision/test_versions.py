"""Supervisor and worker of different packages: the worker is not used, and why is told."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

import ekuiper
from ekuiper.protocol.messages import Meta
from ekuiper.runtime.launcher import text as launcher
from ekuiper.runtime.supervision.asking import reload
from ekuiper.runtime.supervision.link import VERSION

from .conftest import ANOTHER
from .test_deaths import await_end, start_frame
from .test_status import await_status, socket_of

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

SOURCE = """
    class S(Source):
        def open(self, ctx): threading.Event().wait()
    plugin.start(PluginConfig('p', {'s': S}, {}, {}))
"""
WORDS = f"version 99 where version {VERSION} was expected"


class Package:
    """A copy of the package, as another one that was installed in its place."""

    def __init__(self, folder: Path) -> None:
        ours = Path(ekuiper.__file__).parent
        shutil.copytree(ours, folder / "ekuiper", ignore=shutil.ignore_patterns("__pycache__"))
        self.folder = folder
        self._link = folder / "ekuiper" / "runtime" / "supervision" / "link.py"
        self._text = self._link.read_text()

    def install_another(self) -> None:
        line = f"VERSION = {VERSION}\n"
        assert line in self._text
        self._link.write_text(self._text.replace(line, "VERSION = 99\n"))

    def install_ours(self) -> None:
        self._link.write_text(self._text)


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path / "packages")


@pytest.fixture
def plugin(supervised, package):
    """One whose workers are fresh interpreters, which find that package."""
    plugin = supervised(SOURCE)
    os.rename(plugin.script, plugin.folder / "body.py")
    plugin.script.write_text(launcher("p", "body.py", interpreter=ANOTHER))
    plugin.hosted(PYTHONPATH=str(package.folder), PYTHONDONTWRITEBYTECODE="1")
    plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    return plugin


def test_the_next_worker_is_of_another(plugin, package):
    """Starts are answered with that, until it is put right."""
    package.install_another()
    (worker,) = plugin.workers()
    os.kill(worker, signal.SIGKILL)
    await_end(worker)
    assert WORDS in plugin.command(start_frame()).decode()
    package.install_ours()

    assert plugin.command(start_frame()) == b"ok"


def test_a_reload_of_another(plugin, package):
    """The worker goes on."""
    (before,) = plugin.workers()
    package.install_another()
    answer = reload(str(socket_of(plugin)), 20.0)

    assert WORDS in answer["error"]
    assert await_status(plugin, lambda found: found["state"] == "serving")["generation"] == 1
    assert plugin.only_worker() == before
