"""Entries of kuiperd's log: of four versions, each with three plugins, and made-up ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekuiper.host.local.kuiperd import Kuiperd
from ekuiper.host.local.logfiles import follow, lines_of, log_files
from ekuiper.host.local.logs import Entry, Folding, entries

LOGS = Path(__file__).with_name("logs")
VERSIONS = ("1.14.7", "2.0.8", "2.2.5", "2.4.0")

RAISED = """\
2026-11-21 16:04:29,651 ERROR   alpha [rule1/2_project/0] a call raised ValueError: worse (a.py:9)
Traceback (most recent call last):
  File "/kuiper/plugins/portable/alpha/p.py", line 12, in exec
    {}["x"]
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/kuiper/plugins/portable/alpha/p.py", line 14, in exec
    raise ValueError("worse") from e
ValueError: worse
"""
HOST = 'time="2026-11-21T16:04:29Z" level=info msg="sink result \\"Traceback\\"" file="a.go:1"\n'


def found(text: str) -> list[Entry]:
    return list(entries(text.splitlines(keepends=True)))


@pytest.fixture(params=VERSIONS)
def log(request: pytest.FixtureRequest) -> list[Entry]:
    return list(entries(lines_of(str(LOGS / f"{request.param}.txt"))))


class TestRealLogs:
    def test_records_have_their_plugin_and_level(self, log: list[Entry]) -> None:
        """Each plugin's log said the same things."""
        for plugin in ("alpha", "beta"):
            told = [(each.level, each.text) for each in log if each.plugin == plugin]
            texts = " ".join(text for _, text in told)
            assert "row [1] (p.py:8)" in texts
            assert {"INFO", "WARNING", "ERROR"} <= {level for level, _ in told}

    def test_a_traceback_is_part_of_its_record(self, log: list[Entry]) -> None:
        """With the exception that caused it, and nothing after it."""
        raised = [each for each in log if "raised ValueError: worse" in each.text]

        assert raised
        for each in raised:
            assert each.more[0] == "Traceback (most recent call last):"
            assert "KeyError: 'x'" in each.more
            assert each.more[-1] == "ValueError: worse"

    def test_a_message_of_two_lines_is_one_entry(self, log: list[Entry]) -> None:
        """It ends with the place it is from."""
        careful = [each for each in log if each.text.endswith("careful")]

        assert careful
        assert {each.more for each in careful} == {("second line (p.py:8)",)}

    def test_prints_name_no_plugin(self, log: list[Entry]) -> None:
        """But a warning's path does."""
        printed = [each for each in log if each.source == "printed"]

        assert Entry(None, None, None, "printed", "printed [1]") in printed
        warned = [each for each in printed if "UserWarning" in each.text]
        assert {each.plugin for each in warned} == {"alpha", "beta"}
        assert {each.level for each in warned} == {"WARNING"}

    def test_nothing_but_what_concerns_plugins_is_there(self, log: list[Entry]) -> None:
        """Of kuiperd itself, how a plugin ended; all else is its own affair."""
        assert not any("level=" in each.text or "msg=" in each.text for each in log)
        told = [each for each in log if each.source == "kuiperd"]
        assert any(each.plugin == "alpha" and "signal: killed" in each.text for each in told)
        assert not any(each.text.startswith(("File", " ", "Thread")) for each in log)

    def test_a_failed_import_is_one_entry(self, log: list[Entry], request: pytest.FixtureRequest):
        """Named after the exception; eKuiper 1 does not start a plugin before it is used."""
        failed = [each for each in log if each.plugin == "broken" and each.source == "printed"]
        if "1.14.7" in request.node.name:
            assert failed == []
            return
        (entry,) = failed
        assert entry.text == "ModuleNotFoundError: No module named 'nosuchmodule'"
        assert (entry.level, entry.more[-1]) == ("ERROR", entry.text)

    def test_a_crash_is_one_entry(self, log: list[Entry]) -> None:
        """With the stacks of all threads, and the plugin whose code is in them."""
        crashes = [each for each in log if each.level == "CRITICAL"]

        assert crashes
        for each in crashes:
            assert each.text == "Fatal Python error: Segmentation fault"
            assert each.plugin in ("alpha", "beta")
            assert any("most recent call first" in line for line in each.more)


def test_lines_of_the_host_come_between() -> None:
    """A traceback that is written in two parts is whole."""
    first, second = RAISED[:200], RAISED[200:]
    cut = first.rpartition("\n")[0] + "\n"
    assert found(cut + HOST + RAISED[len(cut) :]) == found(first + second)
    assert len(found(RAISED)) == 1


def test_what_follows_a_traceback_is_another_entry() -> None:
    """Be it a print, or a record."""
    more = "done\n2026-11-21 16:04:30,000 INFO    beta next (b.py:1)\n"

    assert [each.text for each in found(RAISED + more)][1:] == ["done", "next (b.py:1)"]


@pytest.mark.parametrize(
    ("line", "level", "plugin"),
    [
        (
            "2026-11-21 16:04:29,651 - /kuiper/plugins/portable/alpha/a.py[line:3] - INFO: hello",
            "INFO",
            "alpha",
        ),
        ("WARNING:root:careful", "WARNING", None),
        ("just printed", None, None),
        (
            'time="2026-11-21T16:04:29Z" level=warning msg="plugin alpha is not running"',
            "WARNING",
            "alpha",
        ),
        ('level=error msg="cannot dial ipc:///tmp/plugin_alpha.ipc"', "ERROR", "alpha"),
    ],
)
def test_other_forms_are_known(line: str, level: str | None, plugin: str | None) -> None:
    """Of the official package, of logging's own, and of kuiperd."""
    (entry,) = found(line)

    assert (entry.level, entry.plugin) == (level, plugin)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "\0\n", "time=\n", '"', "  indented\n", "Traceback\n"]
)
def test_no_line_is_too_odd(text: str) -> None:
    """All that is there is printed by somebody."""
    assert len(found(text)) == bool(text.strip())


def test_an_entry_is_whole_when_the_next_begins() -> None:
    """As is seen while a log is written."""
    folding = Folding()
    lines = RAISED.splitlines()

    assert [each for line in lines for each in folding.feed(line)] == []
    (entry,) = folding.feed("printed")
    assert entry.more[-1] == "ValueError: worse"
    assert [each.text for each in folding.flush()] == ["printed"]
    assert folding.flush() == []


def test_a_hosts_log_files_are_found(tmp_path: Path) -> None:
    """The oldest first; the link to the newest stands for it."""
    for number, name in enumerate(("stream.2026-11-20T00-00-00.log", "stream.2026-11-21.log")):
        (tmp_path / name).write_text("line\n")
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "stream.log").symlink_to("stream.2026-11-21.log")
    (tmp_path / "rule-1.log").touch()
    host = Kuiperd(os.getpid(), 0, folders={"log": str(tmp_path)})

    names = [Path(path).name for path in log_files(host)]

    assert names == ["stream.2026-11-20T00-00-00.log", "stream.log"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_host_without_a_log_file_has_its_console(tmp_path: Path) -> None:
    """Where that is a file; a pipe of somebody else's cannot be read."""
    with (tmp_path / "console").open("w") as console:
        for output, expected in ((console, ["line\n"]), (subprocess.PIPE, None)):
            command = ["/bin/sh", "-c", "echo line; (echo >&2); read word"]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE
            ) as running:
                assert running.stderr is not None
                running.stderr.readline()
                paths = log_files(Kuiperd(running.pid, 0, folders={"log": str(tmp_path)}))
                found = [line for path in paths for line in lines_of(path)] if paths else None
                running.communicate(b"\n")
            assert found == expected


def test_a_log_is_followed_into_the_next_file(tmp_path: Path) -> None:
    """Each line once, and whole, however it was written."""
    log = tmp_path / "stream.log"
    first, second = tmp_path / "one.log", tmp_path / "two.log"
    first.write_text("a\nb")
    log.symlink_to(first.name)
    lines = follow(str(log), pause=0.01)
    told = (line for line, _ in zip(lines, range(1000), strict=False) if line is not None)

    assert next(told) == "a"
    with first.open("a") as file:
        file.write("c\n")
    assert next(told) == "bc"
    second.write_text("d\n")
    log.unlink()
    log.symlink_to(second.name)
    assert next(told) == "d"
    lines.close()
