"""`ekuiper doctor`, on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from ekuiper.cli.diagnosis.plain import plain_text
from ekuiper.cli.diagnosis.table import drawn
from ekuiper.host.local.checks import Finding
from ekuiper.host.local.processes import processes

from .conftest import Ran
from .test_status import without_extras

Run = Callable[..., Ran]

FOUND = [
    Finding("python", "ok", "/usr/bin/python3", "Python 3.11.2 runs this"),
    Finding("disk", "warning", "/tmp", "only 50 MB are free " + "and more " * 12, "Remove [it]."),
    Finding("orphans", "error", "process 7", "a plugin whose host is gone", "End it: kill 7"),
]


@pytest.fixture
def orphan() -> Iterator[int]:
    """A process that looks like a plugin, and whose parent has ended."""
    program = "import sys; print(__import__('os').getpid(), flush=True); sys.stdin.read()"
    shell = f'exec 3<&0; "{sys.executable}" -c "{program}" \'{{"sendTimeout":1000}}\' <&3 &'
    with subprocess.Popen(
        ["/bin/sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        running.wait()
        try:
            yield pid
        finally:
            running.stdin.close()
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def test_what_is_left_behind_is_found(command: Run, tmp_path: Path, orphan: int) -> None:
    """A socket that nobody listens at, and a process without a host; the exit status is 1."""
    by_pid = {each.pid: each for each in processes()}
    if by_pid[orphan].parent != 1:
        pytest.skip("something here adopts orphans that is no init")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "func_dead.ipc"))
    ran = command("doctor", "--json", EKUIPER_SOCKET_DIR=str(tmp_path))
    found = json.loads(ran.out)

    assert (ran.code, ran.err) == (1, "")
    assert found["errors"] >= 1
    assert [each["fix"] for each in found["findings"] if each["id"] == "stale-sockets"] == [
        f"Remove what no running rule needs: rm {tmp_path}/func_dead.ipc"
    ]
    places = [each["place"] for each in found["findings"] if each["severity"] == "error"]
    assert f"process {orphan}" in places


def test_is_the_same_without_click_and_rich(command: Run, tmp_path: Path) -> None:
    """On a device; a line for each finding, and how many are bad."""
    full = command("doctor", EKUIPER_SOCKET_DIR=str(tmp_path))
    bare = without_extras(tmp_path, "doctor")

    for ran in (full, bare):
        assert ran.err == ""
        first, *_ = ran.out.splitlines()
        assert first.split() == ["ok", "python", f"{sys.executable}:", *first.split()[3:]]
        assert f"socket-folder   {tmp_path}: " in ran.out
    assert json.loads(without_extras(tmp_path, "doctor", "--json").out)["findings"]


def test_a_wrong_call_is_told(command: Run, tmp_path: Path) -> None:
    """With the exit status 2, with click and without."""
    for ran in (command("doctor", "--all"), without_extras(tmp_path, "doctor", "--all")):
        assert ran.code == 2
        assert "--all" in ran.err
    for ran in (command("doctor", "-h"), without_extras(tmp_path, "doctor", "-h")):
        assert ran.code == 0
        assert "ekuiper doctor" in ran.out or "doctor [OPTIONS]" in ran.out


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_line_is_too_long_for_a_terminal(width: int) -> None:
    """What does not fit goes on below."""
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(drawn(FOUND))
    for text in (plain_text(FOUND, width), console.export_text()):
        assert max(map(len, text.splitlines())) <= width
        assert "fix: Remove [it]." in text
        assert text.rstrip().endswith("1 error, 1 warning")


def test_in_a_pipe_each_finding_has_one_line() -> None:
    """And its fix another."""
    lines = plain_text(FOUND).splitlines()

    assert len(lines) == 6
    assert lines[-2:] == ["                  fix: End it: kill 7", "1 error, 1 warning"]
