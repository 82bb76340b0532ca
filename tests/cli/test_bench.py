"""`ekuiper bench`, with a real plugin process."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, RIG, Ran, environment

Run = Callable[..., Ran]


def shares(ran: Ran) -> dict[str, float]:
    (found,) = ran.of("bench")
    return {part["name"]: part["share"] for part in found["parts"]}


class TestFunctions:
    def test_calls_and_where_their_time_goes(self, command: Run) -> None:
        """The parts are all there is: together they are the whole."""
        ran = command("bench", "double", RIG, "--arg", "21", "--count", "200", "--json")

        assert ran.code == 0
        (found,) = ran.of("bench")
        assert (found["ok"], found["count"], found["errors"]) == (True, 200, 0)
        assert found["rate"] > 0
        assert 0 < found["p50"] <= found["p99"] <= found["longest"] * 1.02
        assert [part["name"] for part in found["parts"]] == ["host", "wire", "codec", "your code"]
        assert found["stamped"] == 200
        assert sum(shares(ran).values()) == pytest.approx(1, abs=1e-6)
        assert all(share > 0 for share in shares(ran).values())

    def test_slow_author_code_is_to_blame(self, command: Run) -> None:
        """What a function sleeps is its own time, and told to be waiting."""
        ran = command("bench", "slow", RIG, "--arg", "1", "--count", "5", "--json")

        (found,) = ran.of("bench")
        assert shares(ran)["your code"] > 0.8
        assert found["parts"][-1]["p50"] >= 0.02
        assert found["waiting"] > 0.8

    def test_rows_of_a_file(self, command: Run, tmp_path: Path) -> None:
        """Columns are taken from rows, as in SQL; each third fails, and is told with its line."""
        file = tmp_path / "rows.jsonl"
        file.write_text('{"m": 0, "n": 1}\n{"n": 2}\n{"n": 3}\n')
        ran = command("bench", "thirds(n)", RIG, "--rows", file, "--count", "30", "--json")

        (found,) = ran.of("bench")
        assert (ran.code, found["ok"], found["errors"]) == (1, False, 10)
        assert found["faults"][0]["text"].startswith("ValueError: 3 is a multiple of 3")
        assert found["faults"][0]["location"].startswith("rig.py:")

    def test_all_columns_are_arguments_otherwise(self, command: Run) -> None:
        """In the order of the first row; rows may come from standard input."""
        options = ("--rows", "-", "--count", "3", "--json")
        ran = command("bench", "double", RIG, *options, text='{"n": 1}\n')

        assert ran.code == 0
        ran = command("bench", "double", RIG, *options, text='{"a": 1, "b": 2}\n')
        assert ran.code == 2
        assert "double refuses these arguments: double takes one number" in ran.err

    def test_aggregates_get_windows(self, command: Run, tmp_path: Path) -> None:
        """Of so many rows, or of the value repeated, or the list in --arg."""
        for value in ("2.5", "[1, 2, 3]"):
            ran = command("bench", "mean", RIG, "--arg", value, "--count", "3", "--json")
            assert (ran.code, ran.of("bench")[0]["errors"]) == (0, 0)
        file = tmp_path / "rows.jsonl"
        file.write_text("".join(f'{{"n": {n}}}\n' for n in range(7)))
        options = ("--rows", file, "--window", "3", "--count", "3", "--json")
        assert command("bench", "mean(n)", RIG, *options).code == 0

    def test_a_table_for_people(self, command: Run) -> None:
        """Figures, shares with bars, a verdict; plain has no bars."""
        ran = command("bench", "double", RIG, "--arg", "1", "--count", "50")

        assert ran.code == 0
        assert "calls/s   p50 " in ran.out
        assert "where the time of a call goes" in ran.out
        assert "█" in ran.out
        assert "your code" in ran.out
        assert "✓ double 50 calls in " in ran.out
        plain = command("bench", "double", RIG, "--arg", "1", "--count", "50", "--plain")
        assert "█" not in plain.out
        assert "\x1b" not in plain.out

    def test_a_plugin_that_ends_by_itself(self, command: Run) -> None:
        """The command says so, with the end of its log, instead of waiting."""
        alone = {"EKUIPER_SUPERVISE": "0"}
        ran = command("bench", "crash", RIG, "--arg", "5", "--for", "30s", **alone)

        assert ran.code == 1
        assert "the plugin ended by itself, with exit code 3" in ran.out
        assert "about to crash" in ran.out


class TestSources:
    def test_rows_and_where_their_time_goes(self, command: Run) -> None:
        """Mostly in waiting, for one that counts slowly."""
        ran = command("bench", "ticks", RIG, "--conf", "every=0.005", "--count", "20", "--json")

        (found,) = ran.of("bench")
        assert (ran.code, found["count"], found["unit"]) == (0, 20, "row")
        assert 0 < found["rate"] < 250
        assert list(shares(ran)) == ["wire", "codec", "your code", "waiting"]
        assert max(shares(ran), key=shares(ran).__getitem__) == "waiting"

    def test_one_that_raises(self, command: Run) -> None:
        """Its error is shown with file and line."""
        ran = command("bench", "broken", RIG, "--for", "1s")

        assert ran.code == 1
        assert "no such sensor (rig.py:" in ran.out

    def test_one_that_emits_nothing(self, command: Run) -> None:
        """That is a failure."""
        ran = command("bench", "mute", RIG, "--for", "200ms")

        assert ran.code == 1
        assert "✗ mute 0 rows" in ran.out
        assert "nothing came" in ran.out


class TestSinks:
    def test_rows_and_where_their_time_goes(self, command: Run, tmp_path: Path) -> None:
        """Every message was collected when it ends."""
        file, stored = tmp_path / "rows.jsonl", tmp_path / "stored"
        file.write_text('{"n": 1}\n{"n": 3}\n')
        ran = command(
            *("bench", "lines", RIG, "--rows", file, "--conf", f"path={stored}"),
            *("--window", "2", "--count", "50", "--json"),
        )

        (found,) = ran.of("bench")
        assert (ran.code, found["count"], found["stamped"]) == (0, 100, 50)
        assert list(shares(ran)) == ["wire", "codec", "your code"]
        assert stored.read_text() == '[{"n":1},{"n":3}]\n' * 100

    def test_what_it_refuses_is_counted(self, command: Run) -> None:
        """By the acks it gives."""
        rows = '{"n": 1}\n{"n": 2}\n'
        ran = command(*("bench", "picky", RIG, "--rows", "-"), "--count", "20", text=rows)

        assert ran.code == 1
        assert "10 × sink picky: ValueError: 2 is even (rig.py:" in ran.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["doubel"], "plugin rig has no 'doubel'; did you mean 'double'?"),
        (["double"], "double refuses no arguments; give some, as in --arg 12.5"),
        (["thirds"], "thirds fails with no arguments; give some, as in --arg 12.5"),
        (["double(n)"], "'n' is a column; give --rows FILE with JSON lines such as {\"n\": 1}"),
        (["double(m)", "--rows", "FILE"], "no row of --rows has 'm'; the first has n"),
        (["double", "--rows", "FILE", "--arg", "1"], "it excludes --rows"),
        (["double", "--rows", "BAD"], ":1: a row must be a JSON object, not list"),
        (["double", "--rows", "EMPTY"], "there are no rows in it"),
        (["double", "--arg", "1", "--window", "3"], "--window is for aggregates; double is none"),
        (["double", "--conf", "a=1"], "--conf is for sources and sinks; double is a function"),
        (["ticks", "--arg", "1"], "arguments are for functions; ticks is a source"),
        (["ticks", "--rows", "FILE"], "ticks is a source: it makes its rows"),
        (["lines"], "lines is a sink: give it rows, with --rows FILE"),
        (["double(", "--arg", "1"], "expected"),
        (["double", "--arg", "1e400"], "--arg 1e400: eKuiper has no number beyond 1.8e308"),
        (["double", "--arg", "[1, -1e400]"], "--arg -1e400: eKuiper has no number beyond"),
        (["double", "--arg", "1" + "0" * 400], "--arg 10000000000000000000…: eKuiper has no"),
        (["double(1e400)"], "this number is beyond those that eKuiper has"),
        (["double", "--plain", "--json"], "--plain and --json exclude each other"),
    ],
)
def test_wrong_options(command: Run, tmp_path: Path, options: list[str], words: str) -> None:
    """The exit status is 2, and the error says what there is, or what to do."""
    for name, text in (("FILE", '{"n": 1}\n'), ("BAD", "[1]\n"), ("EMPTY", "\n")):
        (tmp_path / name).write_text(text)
    named = [str(tmp_path / x) if x in ("FILE", "BAD", "EMPTY") else x for x in options]
    ran = command("bench", named[0], RIG, *named[1:])

    assert ran.code == 2, ran.out
    assert words in " ".join(ran.err.split())


TELLING = """
import os, threading
from ekuiper import Function, PluginConfig, Sink, Source, plugin

class Telling:
    calls = 0

    def tell(self):
        Telling.calls += 1
        if Telling.calls == 5000:
            os.write(os.open(os.environ["TOLD"], os.O_WRONLY), b"now")

class Call(Telling, Function):
    def exec(self, args, ctx):
        self.tell()

class Emit(Telling, Source):
    def open(self, ctx):
        while True:
            ctx.emit({})
            self.tell()

class Keep(Telling, Sink):
    def collect(self, ctx, data):
        self.tell()

plugin.start(PluginConfig("telling", {"emit": Emit}, {"keep": Keep}, {"call": Call}))
"""


class TestCtrlC:
    """A plugin that opens a fifo when it was at work for a while; then Ctrl-C."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
        (tmp_path / "telling.py").write_text(TELLING)
        symbols = {"sources": ["emit"], "sinks": ["keep"], "functions": ["call"]}
        manifest = {"language": "python", "executable": "telling.py", **symbols}
        (tmp_path / "telling.json").write_text(json.dumps(manifest))
        os.mkfifo(tmp_path / "told")
        started: list[subprocess.Popen[str]] = []

        def bench(*arguments: str) -> subprocess.Popen[str]:
            started.append(
                subprocess.Popen(
                    [*COMMAND, "bench", arguments[0], str(tmp_path), *arguments[1:]],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=environment(TOLD=str(tmp_path / "told")),
                )
            )
            return started[-1]

        yield bench
        for each in started:
            each.kill()
            each.communicate()

    @pytest.mark.parametrize("symbol", ["call", "emit", "keep"])
    def test_figures_so_far(
        self, bench: Callable[..., subprocess.Popen[str]], tmp_path: Path, symbol: str
    ) -> None:
        """They are told, not where the time goes, which takes a second run; the status is 130."""
        (tmp_path / "rows").write_text("{}\n")
        options = ["--rows", str(tmp_path / "rows")] if symbol == "keep" else []
        told = os.open(tmp_path / "told", os.O_RDONLY | os.O_NONBLOCK)
        process = bench(symbol, *options, "--for", "50s", "--json")
        assert select.select([told], [], [], DEADLINE)[0]
        process.send_signal(signal.SIGINT)
        os.close(told)
        out, err = process.communicate(timeout=DEADLINE)

        assert (process.returncode, err) == (130, "")
        found = json.loads(out)
        assert (found["interrupted"], found["ok"], found["failures"]) == (True, True, [])
        assert found["count"] > 0
        assert found["seconds"] < 50
        assert (found["parts"], found["unexplained"]) == ([], None)


ONCE = """
import threading
from pathlib import Path
from ekuiper import PluginConfig, Source, plugin

class Once(Source):
    ended = threading.Event()

    def open(self, ctx):
        told = Path(__file__).with_name("told")
        if not told.exists():
            told.touch()
            ctx.emit({})
        self.ended.wait()

    def close(self, ctx):
        self.ended.set()

plugin.start(PluginConfig("once", {"once": Once}))
"""


def test_too_little_for_a_second_run(command: Run, tmp_path: Path) -> None:
    """A source of which nothing comes in time is not blamed for another SDK."""
    (tmp_path / "once.py").write_text(ONCE)
    manifest = {"language": "python", "executable": "once.py", "sources": ["once"]}
    (tmp_path / "once.json").write_text(json.dumps(manifest))
    ran = command("bench", "once", tmp_path, "--for", "1s")

    assert ran.code == 0
    assert "is not known: the second run, of 0.5 s, was too short: no row came" in ran.out


def test_a_plugin_without_stamps(command: Run, tmp_path: Path) -> None:
    """An interpreter that drops the environment, as some wrappers do."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nunset EKUIPER_PROBE\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    ran = command("bench", "double", RIG, "--arg", "1", "--count", "9", "--python", str(python))

    assert ran.code == 0
    assert "the plugin left no stamps" in ran.out
    assert "drops EKUIPER_PROBE from the environment" in ran.out


def test_a_plugin_that_does_not_start(command: Run, tmp_path: Path) -> None:
    """The exit status is 1, and the error has the end of its log."""
    (tmp_path / "bad.py").write_text("raise OSError('no such device')\n")
    manifest = {"language": "python", "executable": "bad.py", "functions": ["f"]}
    (tmp_path / "bad.json").write_text(json.dumps(manifest))
    ran = command("bench", "f", tmp_path, "--arg", "1")

    assert ran.code == 1
    assert "OSError: no such device" in ran.err
