"""The parts of `ekuiper run` that need no plugin."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ekuiper.bundle.description import Field
from ekuiper.bundle.manifest import Manifest
from ekuiper.cli.running.figures import FunctionFigures, Moment, Notice, PipelineFigures, _Rate
from ekuiper.cli.running.live import LiveView
from ekuiper.cli.running.log import PluginLog, shortened
from ekuiper.cli.running.options import wanted
from ekuiper.cli.running.tables import row_table
from ekuiper.cli.shared import texts
from ekuiper.cli.shared.conf import defaults, settings
from ekuiper.cli.shared.hints import hint
from ekuiper.cli.shared.rows import read_rows
from ekuiper.host.embedded.counters import Fault
from ekuiper.host.embedded.expressions import FunctionCall


class TestTexts:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (None, "–"),
            (0.0, "0 µs"),
            (0.00000123, "1.23 µs"),
            (0.000412, "412 µs"),
            (0.00124, "1.24 ms"),
            (0.25, "250 ms"),
            (3.14159, "3.14 s"),
            (250.0, "250 s"),
        ],
    )
    def test_durations_have_three_digits(self, seconds: float | None, text: str) -> None:
        """And the unit that fits."""
        assert texts.duration(seconds) == text

    @pytest.mark.parametrize(
        ("per_second", "text"),
        [
            (0, "0.0"),
            (0.5, "0.50"),
            (9.96, "10.0"),
            (12.34, "12.3"),
            (99.7, "100"),
            (1e6, "1,000,000"),
        ],
    )
    def test_rates_have_the_digits_that_matter(self, per_second: float, text: str) -> None:
        """Few where they are large."""
        assert texts.rate(per_second) == text

    def test_times_of_day_and_spans(self) -> None:
        """Minutes and hours as clocks show them."""
        assert [texts.clock(x) for x in (7.9, 62, 3723)] == ["0:07", "1:02", "1:02:03"]
        assert [texts.span(x) for x in (0.04, 9.96, 62)] == ["0.04 s", "10.0 s", "1:02"]

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            (True, "true"),
            (1.5, "1.500"),
            (0.0, "0.000"),
            (1.5e-9, "1.5e-09"),
            (2.5e20, "2.5e+20"),
            ("a\nb\x1b[31m", "a·b·[31m"),
            ([1, {"ä": None}], '[1, {"ä": null}]'),
        ],
    )
    def test_values_take_one_line(self, value: Any, text: str) -> None:
        """Control characters of a row do nothing to the terminal."""
        assert texts.cell(value) == text

    def test_columns_have_as_many_decimals_as_they_need(self) -> None:
        """Three at most."""
        assert texts.decimals([1.5, 2, None, 0.25]) == 2
        assert texts.decimals([1.23456]) == 3
        assert texts.decimals([1, "x"]) == 0


class TestConf:
    def test_values_are_json_or_text(self) -> None:
        """Later settings win; keys may have dots, and so may symbols."""
        given = ["a.x=1", "a.x=[2]", "a.y.z=plain text", "a.b.w=NaN", "a.e=", "a.q='1'"]

        assert settings(given, ["a", "a.b"]) == {
            "a": {"x": [2], "y.z": "plain text", "e": "", "q": "'1'"},
            "a.b": {"w": "NaN"},
        }

    def test_defaults_are_the_group_of_that_name(self, tmp_path: Path) -> None:
        """Comments, quotes and other groups are understood."""
        (tmp_path / "sources").mkdir()
        (tmp_path / "sources" / "s.yaml").write_text(
            "# a source\n\nother:\n  every: 9\ndefault:   # these\n"
            "    every: 1.5    # seconds\n    url: http://h/#x\n    on: true\n    text: '1'\n\n"
            "last:\n    every: 3\n"
        )

        assert defaults(tmp_path, "s") == {
            "every": 1.5,
            "url": "http://h/#x",
            "on": True,
            "text": "1",
        }
        assert defaults(tmp_path, "t") == {}

    def test_defaults_of_the_code(self, tmp_path: Path) -> None:
        """Where there is no file, what docstrings say; a file is used alone."""
        said = (Field("every", default=2), Field("url"))
        assert defaults(tmp_path, "s", said) == {"every": 2}

        (tmp_path / "sources").mkdir()
        (tmp_path / "sources" / "s.yaml").write_text("default:\n  list: [1, {a: yes}]\n")
        assert defaults(tmp_path, "s", said) == {"list": [1, {"a": "yes"}]}

    @pytest.mark.parametrize("text", ["default: [", "- a", "default:\n  a: 1\n - b: 2"])
    def test_yaml_that_is_none_is_refused(self, tmp_path: Path, text: str) -> None:
        """The error names the file."""
        (tmp_path / "sources").mkdir()
        (tmp_path / "sources" / "s.yaml").write_text(text)

        with pytest.raises(ValueError, match=r"s\.yaml"):
            defaults(tmp_path, "s")


class TestOptions:
    def test_inputs_begin_pipelines(self) -> None:
        """A pipeline that has no input yet takes the next one."""
        call = FunctionCall.parse("f(a) as x")
        given: list[tuple[str, Any]] = [
            ("function", call),
            ("rows", "-"),
            ("sink", "k"),
            ("source", "s"),
            ("window", 3),
            ("rows", "file"),
        ]

        first, second, third = wanted(given)

        assert (first.title, first.window) == ("stdin → f → k", None)
        assert (second.title, second.window) == ("s", 3)
        assert (third.title, third.functions) == ("file", [])


class TestLog:
    def test_is_followed(self, tmp_path: Path) -> None:
        """Whole lines as they come, the last ones kept."""
        path = tmp_path / "log"
        log = PluginLog(path, keep=2)
        assert log.read() == []
        path.write_bytes(b"one\ntwo\nthr")
        assert log.read() == ["one", "two"]
        with path.open("ab") as file:
            file.write(b"ee\r\n\xff\n")

        assert log.read() == ["three", "\ufffd"]
        assert log.tail(5) == ("three", "\ufffd")
        assert log.tail(0) == ()

    def test_of_a_chatterbox_is_skipped(self, tmp_path: Path) -> None:
        """Megabytes are not read, only their end."""
        path = tmp_path / "log"
        log = PluginLog(path)
        path.write_bytes(b"x" * 5_000_000 + b"\nlast\n")

        assert log.read()[-1] == "last"
        assert sum(map(len, log.tail(200))) < 70_000

    def test_error_records_are_faults(self, tmp_path: Path) -> None:
        """Those at lines of code that are known already are left out."""
        path = tmp_path / "log"
        log = PluginLog(path)
        path.write_text(
            "2026-01-02 03:04:05,678 ERROR   p [r/o/0] bad 1 (mine.py:3) (author.py:9)\n"
            "2026-01-02 03:04:05,679 ERROR   p bad 2 (other.py:4)\n"
            "2026-01-02 03:04:05,680 INFO    p fine (mine.py:5)\n"
            "ERROR said by someone else\n"
        )
        log.read()

        told = [fault.text for fault in log.faults(set())]
        assert told == ["bad 1 (mine.py:3)", "bad 2 (other.py:4)"]
        assert [fault.location for fault in log.faults({"mine.py:3"})] == ["other.py:4"]

    def test_records_are_shortened(self) -> None:
        """What is the same in all of them, and where the SDK logged it, is left out."""
        line = "2026-01-02 03:04:05,678 INFO    p started source 's' (symbols.py:9)"

        assert shortened(line, "p") == "03:04:05 INFO started source 's'"
        assert shortened(line, "q") == line
        assert shortened("print", "p") == "print"


class TestRows:
    def test_lines_may_be_long_and_unfinished(self, tmp_path: Path) -> None:
        """Longer than a read, and without an end of line at the end."""
        path = tmp_path / "rows"
        path.write_text('{"a": "' + "x" * 200_000 + '"}\r\n{"b": 1}')

        first, second = read_rows(str(path))

        assert first == {"a": "x" * 200_000}
        assert second == {"b": 1}


class TestHints:
    @pytest.mark.parametrize(
        ("script", "hinted"),
        [
            ("plugin.start(PluginConfig('odd', {}))", True),
            ("c = ekuiper.PluginConfig(name='odd')", True),
            ("PluginConfig('even')", False),
            ("PluginConfig(NAME)", False),
            ("not python (", False),
        ],
    )
    def test_names_that_differ(self, tmp_path: Path, script: str, hinted: bool) -> None:
        """Where the name is written out in the script."""
        (tmp_path / "main.py").write_text(script)
        manifest = Manifest("even", "", "python", "main.py", None, None, (), (), ())

        assert ("'odd'" in hint(tmp_path, manifest, "")) is hinted

    def test_another_sdk(self, tmp_path: Path) -> None:
        """It dials where eKuiper listens, and shows so in its log."""
        manifest = Manifest("even", "", "go", "even", None, None, (), (), ())

        assert "another SDK" in hint(tmp_path, manifest, "dialing ipc:///tmp/plugin_even.ipc")


def moment(pipelines: int = 1, rows: int = 8, log: int = 50, **columns: Any) -> Moment:
    """A busy moment."""
    fault = Fault("call func score", "ValueError: no (x.py:12)" + " and so on" * 20, 3, 1.0)
    figures = PipelineFigures(
        rule="rule1",
        title="machine → score → sqlite",
        rows_in=1_234_567,
        rows_out=1_234_000,
        rate=1234.5,
        dropped=500,
        waiting=67,
        errors=3,
        functions=(FunctionFigures("score(cpu, 'x') as s" * 3, 10, 5.0, 0.0004, None, 3),),
        results=("s",),
        faults=(fault,),
        latest=tuple({**columns, "s": float(n)} for n in range(rows)),
    )
    return Moment("rig", 4711, True, 3.0, (figures,) * pipelines, (), ("a log line " * 30,) * log)


class TestRates:
    def test_are_recent_where_much_comes(self) -> None:
        """Over two seconds."""
        rate, begin = _Rate(), time.monotonic()
        found = [rate.update(begin + tenth / 10, tenth * 10) for tenth in range(1, 101)]
        assert found[-1] == pytest.approx(100, rel=0.05)
        still = [rate.update(begin + 10 + tenth / 10, 1000) for tenth in range(1, 61)]
        assert still[-1] < 5

    def test_reach_back_where_little_comes(self) -> None:
        """A window of five seconds has a rate, not 0 between two of its rows."""
        rate, begin = _Rate(), time.monotonic()
        found = [rate.update(begin + tenth / 10, tenth // 50) for tenth in range(1, 301)]
        assert all(each == pytest.approx(0.2, rel=0.05) for each in found[200:])


class TestRowTables:
    def test_times_of_one_day_and_empty_rows(self) -> None:
        """Where a column has times of one day, the day is left out."""
        rows = ({"at": "2026-01-02T03:04:05.678901+00:00"}, {"at": "2026-01-02T03:04:06Z"})
        assert _shown(rows) == ["at", "03:04:05.678", "03:04:06"]
        other = {"at": "2026-01-03T03:04:06Z"}
        assert _shown((*rows, other))[-1] == "2026-01-03T03:04:06Z"
        assert _shown(({"n": 1}, {}, {"n": None})) == ["n", "1", "(empty)", "(empty)"]


def _shown(rows: tuple[dict[str, Any], ...]) -> list[str]:
    console = Console(file=io.StringIO(), width=60)
    with console.capture() as captured:
        console.print(row_table(replace(moment().pipelines[0], latest=rows), 8, 60))
    return [line.strip() for line in captured.get().splitlines()]


class TestLive:
    @pytest.mark.parametrize("width", [20, 40, 80, 129, 130, 160])
    @pytest.mark.parametrize("height", [5, 24, 50])
    @pytest.mark.parametrize("pipelines", [1, 3])
    def test_fits_the_terminal(self, width: int, height: int, pipelines: int) -> None:
        """No line is wider than the terminal, nor the picture higher if that can be helped."""
        out = io.StringIO()
        console = Console(file=out, width=width, height=height, force_terminal=False)
        columns = {f"column{n}": "x" * (5 * n) for n in range(12)}
        console.print(LiveView(console, seconds=10.0).draw(moment(pipelines, **columns)))

        lines = out.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        assert len(lines) <= max(height, 4 + 5 * pipelines + 3)
        if height >= 24 and width >= 80:
            assert any("x.py:12" in line for line in lines)

    @pytest.mark.parametrize("width", [20, 80, 160])
    def test_tells_of_saves(self, width: int) -> None:
        """In three lines at most."""
        notice = Notice(
            ("a.py",), "waiting for the next save", "ValueError: " + "no " * 200, "12:00:00"
        )
        out = io.StringIO()
        console = Console(file=out, width=width, height=24)
        waiting = replace(moment(a=1), alive=False, notice=notice)
        console.print(LiveView(console, watched=True).draw(waiting))

        lines = out.getvalue().splitlines()
        assert len(lines) <= 24
        assert max(map(len, lines)) <= width
        assert "12:00:00" in out.getvalue()

    @pytest.mark.parametrize(
        ("files", "deleted", "words"),
        [
            (["a.py"], [], "a.py saved: again"),
            (["a.py", "b.py"], ["a.py", "b.py"], "a.py, b.py deleted: again"),
            (["a.py", "b.py", "c.py"], ["b.py"], "a.py, c.py saved, b.py deleted: again"),
            ([], [], "again"),
        ],
    )
    def test_deleted_files(self, files: list[str], deleted: list[str], words: str) -> None:
        """They were not saved."""
        assert Notice(tuple(files), "again", None, "12:00:00", tuple(deleted)).whole == words

    def test_columns_that_functions_fill_stay(self) -> None:
        """Where there is no room for all, those of the input go first, and are counted."""
        out = io.StringIO()
        console = Console(file=out, width=60, height=40)
        columns = {f"c{n}": "x" * 20 for n in range(5)}
        console.print(LiveView(console).draw(moment(log=0, **columns)))

        (head,) = (line for line in out.getvalue().splitlines() if "c0" in line)
        assert head.split() == ["c0", "c1", "s", "+3"]
