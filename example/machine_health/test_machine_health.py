"""The plugin: its parts alone, its symbols as a rule uses them, and the whole as a process."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from baseline import Baseline
from ekuiper.bundle.manifest import read_manifest
from ekuiper.errors import CallError, HostError
from ekuiper.host import embedded
from ekuiper.host.embedded.pipeline import Pipeline
from ekuiper.testing import Host, RecordingContext
from figures import Meter
from machine_health import AnomalyScore, config
from table import Table


@pytest.fixture(params=["memory", "ipc"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Plays eKuiper for the plugin, within this process and over real sockets."""
    with Host(config, transport=request.param) as host:
        yield host


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "health.db"


def stored(path: Path, query: str) -> list[Any]:
    """What `query` finds in the database at `path`."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


class TestMachine:
    def test_emits_figures_of_this_machine(self, host: Host) -> None:
        """Each row has a time and the figures, of which three are percentages."""
        with host.source("machine", config={"every": 0.01}) as rows:
            first, second = rows.take(2)

        assert list(first) == ["time", "cpu", "memory", "disk", "load"]
        assert all(0 <= (first[name] or 0) <= 100 for name in ("cpu", "memory", "disk"))
        assert second["time"] > first["time"]

    def test_looks_at_the_disk_that_datasource_lies_on(self, tmp_path: Path) -> None:
        """DATASOURCE chooses the disk."""
        usage = shutil.disk_usage(tmp_path)

        disk = Meter(str(tmp_path)).read()["disk"]

        assert disk == pytest.approx(100 * usage.used / (usage.used + usage.free), abs=1)

    @pytest.mark.parametrize("every", [0, -1, "soon"])
    def test_refuses_an_impossible_pause(self, host: Host, every: object) -> None:
        """A pause that is not a positive number is the rule's error."""
        with pytest.raises(HostError, match=r"every must be more|could not convert"):
            host.source("machine", config={"every": every})

    def test_refuses_a_folder_that_does_not_exist(self, host: Host) -> None:
        """A wrong DATASOURCE is the rule's error, not a silent stream."""
        with pytest.raises(HostError, match="No such file or directory: '/missing'"):
            host.source("machine", datasource="/missing")


class TestBaseline:
    def test_has_no_score_until_it_knows_what_is_usual(self) -> None:
        """The first five values only teach."""
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
        """What one outlier teaches is too little to make a second one usual."""
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


class TestAnomalyScore:
    def test_each_call_in_each_rule_learns_by_itself(self, host: Host) -> None:
        """What one of them saw says nothing about another."""
        score = host.function("anomaly_score")
        for value in range(10):
            score.exec(value, rule="one")

        assert score.exec(5, rule="one") is not None
        assert score.exec(5, rule="other") is None
        assert score.exec(5, rule="one", func_id=1) is None

    def test_null_is_null(self, host: Host) -> None:
        """A row without the figure has no score."""
        assert host.function("anomaly_score").exec(None) is None

    def test_forgets_with_its_rule(self) -> None:
        """Nothing is kept for a context that is gone."""
        function, ctx = AnomalyScore(), RecordingContext()
        function.exec([1], ctx)
        del ctx

        assert len(function.baselines) == 0


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
    def test_is_the_nearest_rank(self, host: Host, values: Any, expected: Any) -> None:
        """The smallest value that 95 % do not exceed; what is no number does not count."""
        assert host.function("p95").exec(values) == expected

    def test_wants_lists(self, host: Host) -> None:
        """It is an aggregate."""
        assert host.function("p95").is_aggregate()


@pytest.mark.parametrize("name", ["anomaly_score", "p95"])
def test_functions_take_one_argument(host: Host, name: str) -> None:
    """Any other number of arguments is refused when the rule is made, with an example."""
    function = host.function(name)

    function.validate(["cpu"])
    for arguments in ([], ["cpu", "memory"]):
        with pytest.raises(CallError, match=rf"{name}\(cpu\)"):
            function.validate(arguments)


class TestTable:
    def test_makes_columns_as_they_come(self, database: Path) -> None:
        """A new name is a new column; where it is missing there is NULL."""
        with closing(Table(str(database), "t")) as table:
            table.insert([{"a": 1}, {"b c": "x", "a": 2.5}])
            table.insert([{'d"': {"e": [True]}}])

        assert stored(database, "SELECT * FROM t") == [
            (1, None, None),
            (2.5, "x", None),
            (None, None, '{"e": [true]}'),
        ]

    def test_takes_all_rows_or_none(self, database: Path) -> None:
        """A row that cannot be stored takes those with it, and no other."""
        with closing(Table(str(database), "t")) as table:
            table.insert([{"n": 1}])
            with pytest.raises(OverflowError):
                table.insert([{"n": 2, "m": 0}, {"n": 2**64}])
            table.insert([{"n": 3}])

        assert stored(database, "SELECT * FROM t") == [(1,), (3,)]

    def test_shares_its_table(self, database: Path) -> None:
        """A column that another rule made meanwhile is found."""
        with closing(Table(str(database), "t")) as one, closing(Table(str(database), "t")) as other:
            for number, table in enumerate((one, other, one, other)):
                table.insert([{"n": number, f"x{number // 2}": True}])

        assert stored(database, "SELECT n, x0, x1 FROM t") == [
            (0, 1, None),
            (1, 1, None),
            (2, None, 1),
            (3, None, 1),
        ]


class TestSqlite:
    def test_stores_rows_however_they_come(self, host: Host, database: Path) -> None:
        """Rows in a list, one by itself, and the nested lists of `batchSize`; none is no row."""
        with host.sink("sqlite", config={"path": str(database), "table": "health"}) as sink:
            sink.send([{"n": 1}, {"n": 2}])
            sink.send({"n": 3})
            sink.send([[{"n": 4}], [{"n": 5}]])
            sink.send([])
            sink.send([{}])

        assert stored(database, "SELECT n FROM health") == [(1,), (2,), (3,), (4,), (5,)]

    @pytest.mark.parametrize("message", ["[3]", '"high"', "not JSON"])
    def test_tells_what_is_no_row(self, host: Host, database: Path, message: str) -> None:
        """Such a message fails by itself; those after it are stored."""
        with host.sink("sqlite", config={"path": str(database)}) as sink:
            with pytest.raises(HostError, match=r"must be an object|JSONDecodeError"):
                sink.send(message)
            sink.send({"n": 1})

        assert stored(database, "SELECT * FROM results") == [(1,)]

    def test_needs_a_path(self, host: Host) -> None:
        """An action without `path` is the rule's error."""
        with pytest.raises(HostError, match="needs a path"):
            host.sink("sqlite")


def test_the_plugin_as_a_process(database: Path) -> None:
    """Figures flow through the score into the table, as in a rule of eKuiper."""
    with (
        embedded.Host(Path(__file__).parent) as host,
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


def test_the_manifest_declares_every_symbol() -> None:
    """What eKuiper reads beforehand is what the plugin offers."""
    manifest = read_manifest(Path(__file__).parent)

    assert manifest.name == config.name
    assert set(manifest.sources) == set(config.sources)
    assert set(manifest.sinks) == set(config.sinks)
    assert set(manifest.functions) == set(config.functions)
