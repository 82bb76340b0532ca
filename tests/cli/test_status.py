"""`ekuiper status`, with real plugins."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import ekuiper
from ekuiper.cli.overview.plain import plain_text
from ekuiper.cli.overview.table import tables
from ekuiper.cli.overview.texts import section
from ekuiper.errors import CallError
from ekuiper.host.embedded import Host
from ekuiper.runtime.supervision.asking import statuses

from .conftest import DEADLINE, RIG, Ran, environment
from .test_terminal import Terminal, terminal

__all__ = ["terminal"]

Run = Callable[..., Ran]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="a supervisor, which answers, needs Linux"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the sockets are."""
    return tmp_path


@pytest.fixture
def host(folder: Path) -> Iterator[Host]:
    """A plugin that was called three times, once in vain."""
    with Host(RIG, directory=folder) as host:
        host.function("double")
        function = host.function("thirds")
        for number in (1, 2):
            assert function.exec(number) == number
        with pytest.raises(CallError):
            function.exec(3)
        await_status(folder, lambda found: called(found, "thirds").get("calls") == 3)
        yield host


def await_status(folder: Path, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The first status of the only plugin that is as `wanted` says."""
    deadline = time.monotonic() + DEADLINE
    while True:
        found = statuses(str(folder))
        if len(found) == 1 and wanted(found[0]):
            return found[0]
        assert time.monotonic() < deadline, found


def called(status: dict[str, Any], name: str) -> dict[str, Any]:
    symbols = status.get("symbols", [])
    return next((each for each in symbols if each["name"] == name), {})


def test_shows_each_plugin_with_its_symbols(host: Host, folder: Path, command: Run) -> None:
    """In a pipe as plain text, a heading and a line per symbol."""
    ran = command("status", EKUIPER_SOCKET_DIR=str(folder))

    assert (ran.code, ran.err) == (0, "")
    heading, titles, *lines = ran.out.splitlines()
    assert re.fullmatch(
        r"rig · serving · up [\d.]+ s · [\d.]+ MB · pid \d+, worker \d+",
        heading,
    )
    assert titles.split() == ["symbol", "rules", "rows/calls", "errors", "p50", "p99", "max"]
    (line,) = (line for line in lines if "thirds" in line)
    assert re.match(r"  function thirds +\S+ +3 +1 +[\d.]+ [mµ]?s +[\d.]+ [mµ]?s", line)


def test_json_is_one_array(host: Host, folder: Path, command: Run) -> None:
    """What the supervisors answer, as it is."""
    ran = command("status", "--json", EKUIPER_SOCKET_DIR=str(folder))
    ((found,),) = [json.loads(line) for line in ran.out.splitlines()]

    assert ran.code == 0
    assert (found["plugin"], found["generation"], found["restarts"]) == ("rig", 1, 0)
    assert (called(found, "thirds")["calls"], called(found, "thirds")["errors"]) == (3, 1)


def test_a_death_is_told(host: Host, folder: Path, command: Run) -> None:
    """With its reason, and how long ago it was."""
    os.kill(await_status(folder, lambda found: True)["worker_pid"], signal.SIGKILL)
    assert host.function("double").exec(4) == 8
    await_status(folder, lambda found: found["generation"] == 2)
    ran = command("status", EKUIPER_SOCKET_DIR=str(folder))

    assert re.search(
        r"\n  ! 1 restart; the last worker ended [\d.:]+( s)? ago: by SIGKILL\n", ran.out
    )


def test_nothing_runs(folder: Path, command: Run) -> None:
    """Said, with where was looked; in JSON an empty array. No failure."""
    text = command("status", EKUIPER_SOCKET_DIR=str(folder))
    array = command("status", "--json", EKUIPER_SOCKET_DIR=str(folder))

    assert (text.code, array.code, array.out) == (0, 0, "[]\n")
    assert f"no plugin with a supervisor runs here as this user (looked in {folder})" in text.out


@pytest.mark.parametrize("extras", [True, False])
def test_of_some_plugins_alone(host: Host, folder: Path, command: Run, extras: bool) -> None:
    """By name, as with `reload`; a name that no plugin has is a failure, and told."""

    def status(*arguments: str) -> Ran:
        if extras:
            return command("status", *arguments, EKUIPER_SOCKET_DIR=str(folder))
        return without_extras(folder, "status", *arguments)

    one, both, array = status("rig"), status("rig", "gir"), status("gir", "--json")
    reason = "gir: no such plugin runs here (those that do: rig)\n"

    assert (one.code, both.code, array.code) == (0, 1, 1)
    assert one.out.startswith("rig · serving · ")
    assert both.out.startswith("rig · serving · ")
    assert both.out.endswith(f"\n\n{reason}")
    assert (array.out, array.err) == ("[]\n", reason)
    assert status("gir").out == reason


def test_ended_plugins_are_gone(host: Host, folder: Path, command: Run) -> None:
    """The host ended, and the plugin with it."""
    host.close()

    assert command("status", "--json", EKUIPER_SOCKET_DIR=str(folder)).out == "[]\n"
    assert list(folder.glob("ekuiper-*/*.status")) == []


def without_extras(folder: Path, *arguments: str) -> Ran:
    """The command where this package alone is installed."""
    alone = folder / "alone"
    alone.mkdir(exist_ok=True)
    if not (alone / "ekuiper").exists():
        (alone / "ekuiper").symlink_to(Path(ekuiper.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-S", "-m", "ekuiper", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment(EKUIPER_SOCKET_DIR=str(folder), PYTHONPATH=str(alone)),
        cwd=folder,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_works_without_click_and_rich(host: Host, folder: Path) -> None:
    """On a device, where nothing else is installed."""
    text = without_extras(folder, "status")
    array = without_extras(folder, "status", "--json")

    assert (text.code, text.err, array.code) == (0, "", 0)
    assert text.out.startswith("rig · serving · up ")
    assert [each["plugin"] for each in json.loads(array.out)] == ["rig"]


def test_is_explained_without_click(folder: Path) -> None:
    """Help, a wrong option, and a verb that needs more."""
    told, wrong, other = (
        without_extras(folder, *words) for words in (("status", "-h"), ("status", "-x"), ("run",))
    )

    assert (told.code, wrong.code, other.code) == (0, 2, 2)
    assert told.out.startswith("Usage: ekuiper status [--json] [--watch] [NAME]...")
    assert "there is no option -x" in wrong.err
    assert "pip install 'ekuiper[cli]'" in other.err


def test_watches(host: Host, folder: Path, terminal: Callable[..., Terminal]) -> None:
    """On a terminal the table is drawn again every second; Ctrl-C ends it well."""
    screen = terminal("status", "--watch", EKUIPER_SOCKET_DIR=str(folder))
    screen.until(r"function thirds +\S+ +3 ")
    assert host.function("thirds").exec(4) == 4
    screen.until(r"function thirds +\S+ +4 ")
    screen.type("\x03")
    screen.until("")

    assert screen.process.returncode == 0
    assert max(map(len, screen.text.replace("^C", "").replace("\r", "\n").splitlines())) <= 80


PLACE = {"rules": ["r1", "r2", "r3", "r4", "r5"], "op": "o", "instance": 0}
STATUS: dict[str, Any] = {
    "plugin": "weather",
    "pid": 1234,
    "worker_pid": None,
    "generation": 3,
    "state": "none",
    "failure": "ModuleNotFoundError: No module named 'numpy' (weather.py:1)",
    "uptime": 3723.0,
    "worker_uptime": None,
    "restarts": 2,
    "deaths": [{"generation": 2, "time": 0.0, "reason": "by SIGSEGV"}],
    "memory": 12_345_678,
    "symbols": [
        {"kind": "source", "name": "thermometer", **PLACE, "state": "out"},
        {"kind": "function", "name": "fahrenheit", "rules": [], "state": "unknown"},
    ],
}
SILENT = {"plugin": None, "pid": 99, "state": "silent"}


class TestTexts:
    def test_a_plugin_that_is_down(self) -> None:
        """Why there is no worker, and what ended the last one."""
        name, state, well, rest, faults, lines = section(STATUS)

        assert (name, state, well) == ("weather", "down", False)
        assert rest == "up 1:02:03 · 12.3 MB · pid 1234, no worker"
        assert faults[0] == STATUS["failure"]
        assert re.fullmatch(r"2 restarts; the last worker ended [\d:]+ ago: by SIGSEGV", faults[1])
        assert lines == [
            ("source thermometer", "r1, r2, r3 and 2 more", "left out", "", "", "", ""),
            ("function fahrenheit", "", "", "", "", "", ""),
        ]

    def test_a_supervisor_that_does_not_answer(self) -> None:
        """It is named by its process."""
        assert plain_text([section(SILENT)]) == "process 99 · does not answer"

    @pytest.mark.parametrize("width", [40, 80, 160])
    def test_no_line_is_longer_than_the_terminal(self, width: int) -> None:
        """Names are cut first, numbers never."""
        sections = [section(STATUS), section(SILENT)]
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(tables(sections, width))
        lines = console.export_text().splitlines()

        assert max(map(len, lines)) <= width
        assert any("left out" in line for line in lines)
