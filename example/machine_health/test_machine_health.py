"""The plugin: its parts by themselves, and then the whole as a process under a host."""

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from baseline import Baseline
from ekuiper import Context
from ekuiper.host.embedded import Host
from ekuiper.host.embedded.pipeline import Pipeline
from figures import Meter
from machine_health import P95, AnomalyScore, Machine, Sqlite


class Outlet(Context):
    """A context that hands what a source emits to the test."""

    def __init__(self) -> None:
        self.rows: Queue[dict[str, Any]] = Queue()

    def emit(self, message: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        self.rows.put(message)


def stored(path: Path, query: str) -> list[Any]:
    """What `query` finds in the database at `path`."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "health.db"


@pytest.fixture
def sqlite(database: Path) -> Any:
    sink = Sqlite()
    sink.configure({"path": str(database), "table": "health"})
    sink.open(Context())
    yield sink
    sink.close(Context())


class TestMachine:
    def test_emits_figures_of_this_machine_until_closed(self) -> None:
        """Each row has a time and the figures; `close` makes `open` return."""
        source, outlet = Machine(), Outlet()
        source.configure("", {"every": 0.01})
        running = Thread(target=source.open, args=[outlet], daemon=True)
        running.start()
        first, second = outlet.rows.get(timeout=10), outlet.rows.get(timeout=10)
        source.close(outlet)
        running.join(10)

        assert list(first) == ["time", "cpu", "memory", "disk", "load"]
        assert second["time"] > first["time"]
        assert not running.is_alive()

    def test_percentages_are_percentages(self) -> None:
        """CPU, memory and disk lie between 0 and 100."""
        figures = Meter("/").read()

        assert all(0 <= (figures[name] or 0) <= 100 for name in ("cpu", "memory", "disk"))

    def test_disk_is_the_one_that_the_datasource_lies_on(self, tmp_path: Path) -> None:
        """DATASOURCE chooses the disk."""
        usage = shutil.disk_usage(tmp_path)

        disk = Meter(str(tmp_path)).read()["disk"]

        assert disk == pytest.approx(100 * usage.used / (usage.used + usage.free), abs=1)

    @pytest.mark.parametrize("every", [0, -1, "soon"])
    def test_refuses_an_impossible_pause(self, every: object) -> None:
        """A pause that is not a positive number is the rule's error."""
        with pytest.raises(ValueError, match=r"every|could not convert"):
            Machine().configure("/", {"every": every})

    def test_refuses_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        """A wrong DATASOURCE is the rule's error, not a silent stream."""
        with pytest.raises(FileNotFoundError):
            Machine().configure(str(tmp_path / "missing"), {})


class TestAnomalyScore:
    def test_is_null_until_it_knows_what_is_usual(self) -> None:
        """The first five values have no score."""
        baseline = Baseline()

        scores = [baseline.score(value) for value in (1, 2, 1, 2, 1, 2)]

        assert [score is None for score in scores] == [True] * 5 + [False]

    def test_usual_values_score_low_and_an_outlier_high(self) -> None:
        """Noise stays around 0, a jump stands out, and its sign tells the direction."""
        baseline, noise = Baseline(), random.Random(1)
        usual = [baseline.score(noise.gauss(50, 2)) or 0 for _ in range(500)]

        outlier = baseline.score(20) or 0

        assert sum(abs(score) < 3 for score in usual) > 480
        assert outlier < -6

    def test_an_outlier_does_not_hide_the_next(self) -> None:
        """What was learned from one outlier is too little to make a second one usual."""
        baseline, noise = Baseline(), random.Random(1)
        for _ in range(100):
            baseline.score(noise.gauss(50, 2))

        first, back, second = (baseline.score(value) or 0 for value in (95, 50, 95))

        assert first > 6
        assert abs(back) < 3
        assert second > 6

    def test_a_new_level_becomes_usual(self) -> None:
        """A change that stays is learned."""
        baseline, noise = Baseline(), random.Random(1)
        for level in (20, 80):
            scores = [baseline.score(noise.gauss(level, 1)) or 0 for _ in range(200)]

        assert max(scores) > 6
        assert all(abs(score) < 3 for score in scores[-50:])

    def test_a_constant_is_usual(self) -> None:
        """Without any spread the score of the same value is 0, not a division by zero."""
        baseline = Baseline()

        assert [baseline.score(0) for _ in range(7)][5:] == [0, 0]

    def test_each_call_in_each_rule_learns_by_itself(self) -> None:
        """A context is a call in a rule; what one of them saw says nothing about another."""
        function, one, other = AnomalyScore(), Context(), Context()
        for value in range(10):
            function.exec([value], one)

        assert function.exec([5], one) is not None
        assert function.exec([5], other) is None

    def test_forgets_with_its_rule(self) -> None:
        """Nothing is kept for a context that is gone."""
        function, ctx = AnomalyScore(), Context()
        function.exec([1], ctx)
        del ctx

        assert len(function.baselines) == 0

    def test_null_is_null(self) -> None:
        """A row without the figure has no score."""
        assert AnomalyScore().exec([None], Context()) is None


class TestP95:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (list(range(100, 0, -1)), 95),
            (list(range(1, 21)), 19),
            (list(range(1, 22)), 20),
            ([7], 7),
            ([3, None, 1, {}], 3),
            ([None], None),
            ([], None),
            (None, None),
        ],
    )
    def test_is_the_nearest_rank(self, values: Any, expected: Any) -> None:
        """The smallest value that 95 % do not exceed; what is no number does not count."""
        assert P95().exec([values], Context()) == expected

    def test_wants_lists(self) -> None:
        """It is an aggregate."""
        assert P95().is_aggregate()


@pytest.mark.parametrize("function", [AnomalyScore(), P95()])
def test_functions_take_one_argument(function: AnomalyScore | P95) -> None:
    """Any other number of arguments is refused when the rule is made, with an example."""
    assert function.validate(["cpu"]) == ""
    assert "(cpu)" in function.validate([])
    assert "(cpu)" in function.validate(["cpu", "memory"])


class TestSqlite:
    def test_stores_rows_as_they_come(self, sqlite: Sqlite, database: Path) -> None:
        """A list of rows, one row, and the nested lists of `batchSize` all become rows."""
        for message in ([{"n": 1}, {"n": 2}], {"n": 3}, [[{"n": 4}], [{"n": 5}]]):
            sqlite.collect(Context(), json.dumps(message).encode())

        assert stored(database, "SELECT n FROM health") == [(1,), (2,), (3,), (4,), (5,)]

    def test_makes_columns_as_they_come(self, sqlite: Sqlite, database: Path) -> None:
        """A new name is a new column; where it is missing there is NULL."""
        sqlite.collect(Context(), b'[{"a": 1}, {"b c": "x", "a": 2.5}]')
        sqlite.collect(Context(), b'{"d\\"": {"e": [true]}}')

        assert stored(database, "SELECT * FROM health") == [
            (1, None, None),
            (2.5, "x", None),
            (None, None, '{"e": [true]}'),
        ]

    def test_rows_without_columns_are_nothing(self, sqlite: Sqlite, database: Path) -> None:
        """Empty results make no table."""
        for message in (b"[]", b"[{}]", b"{}"):
            sqlite.collect(Context(), message)

        assert stored(database, "SELECT * FROM sqlite_master") == []

    def test_a_message_is_stored_whole_or_not_at_all(self, sqlite: Sqlite, database: Path) -> None:
        """One row that cannot be stored takes its message with it, and no other."""
        sqlite.collect(Context(), b'[{"n": 1}]')
        with pytest.raises(OverflowError):
            sqlite.collect(Context(), b'[{"n": 2, "m": 0}, {"n": %d}]' % 2**64)
        sqlite.collect(Context(), b'[{"n": 3}]')

        assert stored(database, "SELECT * FROM health") == [(1,), (3,)]

    def test_two_rules_may_share_a_table(self, sqlite: Sqlite, database: Path) -> None:
        """A column that another rule made is found."""
        other = Sqlite()
        other.configure({"path": str(database), "table": "health"})
        other.open(Context())
        for number, sink in enumerate((sqlite, other, sqlite, other)):
            sink.collect(Context(), json.dumps({"n": number, f"x{number}": 1}).encode())
        other.close(Context())

        assert stored(database, "SELECT n FROM health") == [(0,), (1,), (2,), (3,)]

    def test_refuses_what_is_no_row(self, sqlite: Sqlite) -> None:
        """Text or numbers, as a data template may make them, are named in the error."""
        with pytest.raises(ValueError, match="not 'high'"):
            sqlite.collect(Context(), b'["high"]')

    def test_needs_a_path(self) -> None:
        """An action without `path` is the rule's error."""
        with pytest.raises(ValueError, match="path"):
            Sqlite().configure({})

    def test_close_before_open_is_harmless(self, database: Path) -> None:
        """A rule may be stopped while the database cannot be opened."""
        sink = Sqlite()
        sink.configure({"path": str(database)})

        sink.close(Context())

        assert not database.exists()


def test_the_whole_plugin_under_a_host(database: Path) -> None:
    """Figures flow through the functions into the table, as in a rule of eKuiper."""
    with (
        Host(Path(__file__).parent) as host,
        Pipeline(
            host,
            source="machine",
            functions=["anomaly_score(cpu) as score"],
            sinks=["sqlite"],
            config={"machine": {"every": 0.02}, "sqlite": {"path": str(database)}},
            limit=8,
        ) as rule,
    ):
        scored = rule.rows(8, timeout=30)

    assert ["score" in row for row in scored] == [False] * 5 + [True] * 3
    assert stored(database, "SELECT time, cpu, score FROM results") == [
        (row["time"], row["cpu"], row.get("score")) for row in scored
    ]


def test_a_window_under_a_host() -> None:
    """`p95` is given the column of a window."""
    loads = [{"load": number} for number in range(1, 101)]
    with (
        Host(Path(__file__).parent) as host,
        Pipeline(host, functions=["p95(load) as busy"], window=100, rows=loads) as rule,
    ):
        (row,) = rule.rows(1, timeout=30)

    assert row["busy"] == 95
