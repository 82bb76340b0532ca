"""`ekuiper logs`, of logs that real hosts wrote."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, Ran, environment
from .test_status import without_extras
from .test_terminal import Terminal, terminal

__all__ = ["terminal"]

Run = Callable[..., Ran]

LOG = Path(__file__).parent.parent / "host" / "local" / "logs" / "2.4.0.txt"
RECORD = "2026-11-21 16:04:29,651 {level:<7} {plugin} {text} (a.py:1)\n"


def record(text: str, plugin: str = "alpha", level: str = "INFO") -> str:
    return RECORD.format(text=text, plugin=plugin, level=level)


def test_shows_one_plugin_with_the_newest_last(command: Run) -> None:
    """Tracebacks below their record, and what kuiperd told of its end; long ones are cut."""
    ran = command("logs", "alpha", "--file", LOG)

    assert ran.code == 0
    lines = ran.out.splitlines()
    assert "alpha (kuiperd): plugin executable" in lines[-1]
    assert "signal: killed" in lines[-1]
    assert not any(" beta: " in line for line in lines)
    at = next(number for number, line in enumerate(lines) if "raised ValueError: worse" in line)
    assert lines[at].split()[2:4] == ["ERROR", "alpha:"]
    assert lines[at + 1] == "    Traceback (most recent call last):"
    assert "more lines (--full)" in ran.out
    assert "printed lines without a plugin's name" in ran.err


def test_shows_all_and_in_full(command: Run) -> None:
    """Without a name; what is printed has a dash for its plugin."""
    ran = command("logs", "--full", "--last", "0", "--file", LOG)

    assert (ran.code, ran.err) == (0, "")
    assert "--full" not in ran.out
    assert " –: printed [1]" in ran.out
    assert {" alpha: ", " beta: ", " broken: "} <= {
        f" {line.split(': ')[0].split()[-1]}: " for line in ran.out.splitlines() if ": " in line
    }


def test_the_last_are_shown(command: Run) -> None:
    """So many entries, whatever their lines."""
    ran = command("logs", "alpha", "--last", "2", "--json", "--file", LOG)

    assert [each["source"] for each in ran.objects] == ["printed", "kuiperd"]
    assert ran.objects[0]["more"] == ['  warnings.warn("old stuff")']


def test_prints_are_of_the_only_plugin(command: Run) -> None:
    """Where no other is in the log."""
    text = f"begins\n{record('hello')}"
    ran = command("logs", "alpha", "--file", "-", "--json", text=text)

    assert [(each["plugin"], each["text"]) for each in ran.objects] == [
        ("alpha", "begins"),
        ("alpha", "hello (a.py:1)"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("gamma", "--file", str(LOG)), 1, ("plugin gamma", "alpha, beta, broken")),
        (("--file", "/none.log"), 1, ("/none.log", "No such file")),
        (("--last", "x"), 2, ("--last",)),
        (("--new",), 2, ("--new",)),
        (("a", "b"), 2, ("b",)),
        (("--file",), 2, ("--file",)),
    ],
)
def test_what_is_wrong_is_told(
    command: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    """With click and without."""
    for ran in (command("logs", *arguments), without_extras(tmp_path, "logs", *arguments)):
        assert (ran.code, ran.out) == (code, "")
        assert all(word in ran.err for word in words), ran.err
        assert "Traceback" not in ran.err


def test_is_the_same_without_click_and_rich(command: Run, tmp_path: Path) -> None:
    """On a device."""
    full = command("logs", "--last", "30", "--file", LOG)
    bare = without_extras(tmp_path, "logs", "--last=30", "--file", str(LOG))

    assert bare == full
    told = without_extras(tmp_path, "logs", "-h")
    assert told.code == 0
    assert told.out.startswith("Usage: ekuiper logs [--file PATH] [--follow]")


def test_follows_what_is_written(tmp_path: Path) -> None:
    """The last entries at once, then each as it comes, until Ctrl-C."""
    log = tmp_path / "stream.log"
    log.write_text(record("one") + record("two") + record("of beta", "beta"))
    with subprocess.Popen(
        [*COMMAND, "logs", "alpha", "--follow", "--last", "1", "--json", "--file", str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        told = [json.loads(running.stdout.readline())["text"]]
        with log.open("a") as file:
            file.write(record("of beta", "beta") + record("three"))
        told.append(json.loads(running.stdout.readline())["text"])
        running.send_signal(signal.SIGINT)
        rest, _ = running.communicate(timeout=DEADLINE)

    assert told == ["two (a.py:1)", "three (a.py:1)"]
    assert (rest, running.returncode) == ("", 0)


def test_read_by_head(tmp_path: Path) -> None:
    """Who has read enough closes the pipe, and nothing is said of that."""
    log = tmp_path / "stream.log"
    log.write_text(record("x" * 1000) * 1000)
    words = ["logs", "--last", "0", "--file", str(log)]
    with subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert "xxx" in running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""


def test_a_line_without_end(command: Callable[..., Ran], tmp_path: Path) -> None:
    """As in a log that something else wrote zeros into: in pieces, and the rest is read."""
    log = tmp_path / "stream.log"
    log.write_text("\0" * 1_000_000 + "\n" + record("one"))
    assert "one (a.py:1)" in command("logs", "--file", log).out.splitlines()[-1]


def test_levels_have_colours_in_a_terminal(terminal: Callable[..., Terminal]) -> None:
    """And lines are not cut, so that paths can be copied."""
    shown = terminal("logs", "broken", "--file", LOG, columns=60)
    shown.until("")

    assert "\x1b[31mModuleNotFoundError: No module named 'nosuchmodule'" in shown.raw
    assert "/kuiper/plugins/portable/broken/p.py stops" in shown.text
