"""`ekuiper run` on terminals, pipes and with signals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, RIG, Ran, environment

Run = Callable[..., Ran]


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *arguments: str | Path, columns: int = 80, **changes: str) -> None:
        self._end, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self._mode = termios.tcgetattr(other)
        self._other = other
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=other,
            stdout=other,
            stderr=other,
            env=environment(**changes),
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0) and None,
        )
        self.raw = ""

    @property
    def text(self) -> str:
        """Everything written so far, without control sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw)

    @property
    def mode_changed(self) -> bool:
        return bool(termios.tcgetattr(self._other) != self._mode)

    def until(self, pattern: str) -> None:
        """Read until the text has `pattern`, or for "" until the command ended."""
        deadline = time.monotonic() + DEADLINE
        while not (pattern and re.search(pattern, self.text)):
            ended = self.process.poll() is not None
            ready, _, _ = select.select([self._end], [], [], 0 if ended else 0.1)
            if ready:
                self.raw += os.read(self._end, 65536).decode("utf-8", "replace")
            elif ended:
                assert not pattern, f"{pattern!r} did not come:\n{self.text}"
                return
            assert time.monotonic() < deadline, f"{pattern!r} did not come:\n{self.text}"

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)
        os.close(self._other)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(*arguments: str | Path, columns: int = 80, **changes: str) -> Terminal:
        opened.append(Terminal(*arguments, columns=columns, **changes))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


TICKS = ("run", RIG, "--source", "ticks", "--function", "double(n) as d")


class TestLive:
    def test_shows_figures_and_leaves_a_summary(self, terminal: Callable[..., Terminal]) -> None:
        """On a terminal a table is drawn in place; nothing is wider than it."""
        screen = terminal(*TICKS, "--for", "2s")
        screen.until("Ctrl-C ends it")
        screen.until("last rows")
        screen.until("")

        assert screen.process.returncode == 0
        assert "\x1b[?25l" in screen.raw  # the cursor is hidden while it draws
        assert screen.raw.rindex("\x1b[?25h") > screen.raw.rindex("\x1b[?25l")
        assert re.search(r"✓ rig ran for \d+\.\d s: [\d,]+ rows, no error", screen.text)
        assert max(map(len, screen.text.replace("\r", "\n").splitlines())) <= 80

    def test_ctrl_c_ends_it_in_order(self, terminal: Callable[..., Terminal]) -> None:
        """The plugin gets the signal too, and is not to blame for anything."""
        screen = terminal(*TICKS)
        screen.until("last rows")
        screen.type("\x03")
        screen.until("")

        assert screen.process.returncode == 0
        assert "✓ rig ran for" in screen.text

    def test_heeds_no_color(self, terminal: Callable[..., Terminal]) -> None:
        """With NO_COLOR there are no colours, though still bold and dim."""
        screen = terminal(*TICKS, "--count", "30", NO_COLOR="1")
        screen.until("")

        assert "✓ rig ran for" in screen.text
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", screen.raw)

    @pytest.mark.parametrize("changes", [{"TERM": "dumb"}, {"plain": "--plain"}])
    def test_is_not_for_every_terminal(
        self, terminal: Callable[..., Terminal], changes: dict[str, str]
    ) -> None:
        """A dumb one gets lines, as does `--plain`."""
        options = [changes.pop("plain")] if "plain" in changes else []
        screen = terminal(*TICKS, *options, **changes)
        screen.until(r" 0:\d\d  ticks → double  in \d+")
        screen.type("\x03")
        screen.until("")

        assert "\x1b[?25l" not in screen.raw

    def test_is_not_mixed_with_rows_that_are_typed(self, terminal: Callable[..., Terminal]) -> None:
        """Rows from a terminal: lines instead of the table; Ctrl-D ends."""
        screen = terminal("run", RIG, "--rows", "-", "--function", "double(n)")
        screen.type('{"n": 21}\n\x04')
        screen.until("")

        assert screen.process.returncode == 0
        assert "\x1b[?25l" not in screen.raw
        assert "42" in screen.text


class TestDebug:
    def test_gives_standard_input_to_the_plugin(self, command: Run) -> None:
        """What the plugin asks is answered here; its output comes straight."""
        ran = command(
            *("run", RIG, "--source", "ticks", "--function", "stepped(n) as s"),
            *("--count", "2", "--debug"),
            text="one\ntwo\n",
        )

        assert ran.code == 0
        assert ran.out.count("stepped> ") == 2
        assert re.search(r"1 +one\n.* 2 +two", ran.out)

    def test_leaves_the_terminal_as_it_was(self, terminal: Callable[..., Terminal]) -> None:
        """A plugin killed while it reads a line with editing does not leave the echo off."""
        screen = terminal("run", RIG, "--source", "ticks", "--function", "stepped(n)", "--debug")
        screen.until("stepped> ")
        screen.type("\x03")
        screen.until("")

        assert not screen.mode_changed


class TestPipes:
    def test_lines_where_there_is_no_terminal(self, command: Run) -> None:
        """A line a second on stdout, the plugin's own on stderr, no control sequences."""
        ran = command(*TICKS, "--for", "1100ms")

        assert ran.code == 0
        assert re.match(r" 0:\d\d  ticks → double  in ", ran.out)
        assert "\x1b" not in ran.out
        assert "started source 'ticks'" in ran.err
        assert "stopped source 'ticks'" in ran.err

    def test_json_is_an_object_per_line(self, command: Run) -> None:
        """Every line of stdout, with figures each second."""
        ran = command(*TICKS, "--for", "1100ms", "--json")

        assert {each["type"] for each in ran.objects} == {"row", "stats", "summary"}
        stats, *_ = ran.of("stats")
        assert stats["functions"][0]["call"] == "double(n) as d"
        assert stats["rows_per_second"] > 0

    def test_a_reader_that_leaves_ends_the_run(self) -> None:
        """As with `| head -1`: no traceback, an orderly end."""
        with subprocess.Popen(
            [*COMMAND, *map(str, TICKS), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            json.loads(process.stdout.readline())
            process.stdout.close()
            err = process.stderr.read()
            process.wait(DEADLINE)

        assert process.returncode == 0
        assert "Traceback" not in err
        assert "stopped source" in err

    def test_an_old_encoding_breaks_nothing(self, command: Run) -> None:
        """Characters it lacks become question marks."""
        ran = command(*TICKS, "--count", "3", PYTHONIOENCODING="ascii")

        assert ran.code == 0
        assert "? rig ran for" in ran.out


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_end_it_in_order(self, number: int) -> None:
        """The summary comes, the status is that of the run so far, the plugin is gone."""
        with subprocess.Popen(
            [*COMMAND, *map(str, TICKS), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            json.loads(process.stdout.readline())
            process.send_signal(number)
            out, err = process.communicate(timeout=DEADLINE)

        summary = json.loads(out.splitlines()[-1])
        assert (process.returncode, summary["type"], summary["ok"]) == (0, "summary", True)
        assert "stopped source" in err

    def test_before_it_had_started(self, tmp_path: Path) -> None:
        """A plugin that takes its time to import is killed, and nothing was achieved."""
        told = tmp_path / "importing"
        os.mkfifo(told)
        (tmp_path / "slow.py").write_text(
            f"open({str(told)!r}, 'w').close()\nimport signal\nsignal.pause()\n"
        )
        (tmp_path / "slow.json").write_text(
            '{"language": "python", "executable": "slow.py", "functions": ["f"]}'
        )
        with subprocess.Popen(
            [*COMMAND, "run", str(tmp_path), "--rows", "-", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            told.open().close()
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=DEADLINE)

        assert process.returncode == 1
        assert json.loads(out)["failures"] == ["interrupted before it had started"]
