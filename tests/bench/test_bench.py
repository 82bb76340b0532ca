"""The bench produces figures, plausible ones; how good they are is for `make bench` to tell."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from ekuiper.errors import HostError

from .__main__ import main
from .light import LightPlugin
from .loops import Figures
from .measures import Measure, Plugin, running_measures
from .plan import Plan
from .processes import cpu_of_tree, memory_of_tree, threads_of_tree, tree
from .real import RealHost, kuiperd_binary
from .results import Place, Results
from .scale import Scale
from .sessions import Bench, LightHost, Session
from .settings import SETTINGS, Setting, applied
from .starts import ProcessMeasure, process_measures
from .subjects import Subject, make_subjects
from .unavailable import UnavailableError

TINY = Scale(
    rounds=1,
    warm=0.05,
    window=0.1,
    starts=1,
    paced=0.2,
    idle=0.2,
    functions=(1, 3),
    rules=(1, 2),
    large=100_000,
)

MEASURES = {measure.key: measure for measure in running_measures(TINY)}
PROCESSES = {measure.key: measure for measure in process_measures(TINY)}


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build")


@pytest.fixture
def mark() -> str:
    return uuid.uuid4().hex[:6]


def subject(key: str, build: Path) -> Subject:
    """That subject, or a skip that tells why it is not to be had."""
    made = make_subjects([key], build)[key]
    if made.missing:
        pytest.skip(made.missing)
    return made


@pytest.fixture(scope="session")
def light() -> Iterator[Session]:
    """The light host, and the plugins that run under it."""
    with LightHost(uuid.uuid4().hex[:6]) as host:
        yield Session(host, TINY)


@pytest.mark.parametrize("kind", ["stdlib", "official", "limit_polling"])
@pytest.mark.parametrize("key", [key for key in MEASURES if "light" in MEASURES[key].hosts])
def test_every_measure_has_figures_of_every_kind_of_plugin(
    light: Session, build: Path, kind: str, key: str
) -> None:
    """Under the light host each gives a rate and the time that the plugin computed."""
    figures = light.attempt(subject(kind, build), MEASURES[key])

    assert figures["rows"] > 0
    assert 0 < figures["rate"] < 1e9
    assert 0 <= figures["share"] < 100 * (os.cpu_count() or 1) + 100
    if "function" in key:
        assert 0 < figures["p50"] <= figures["p99"] < 1e6
    if key == "loss":
        assert 0 <= figures["lost"] < 100


@pytest.mark.parametrize("key", PROCESSES)
def test_every_measure_of_processes_has_figures(key: str, build: Path, mark: str) -> None:
    """Each runs a plugin of its own and ends it."""
    figures = PROCESSES[key].run(subject("stdlib", build), TINY, mark)

    assert figures
    assert all(value >= 0 for name, value in figures.items() if name != "over")
    assert key != "memory" or (figures["memory"] > 3 and figures["threads"] >= 4)


def test_functions_are_declared_and_started(build: Path, mark: str) -> None:
    """Growth is measured with functions that run: each has its thread."""
    with LightPlugin(subject("stdlib", build), mark, more=5) as plugin:
        plugin.function(TINY)  # answered, so all of the plugin is there
        before = threads_of_tree(plugin.pid)
        plugin.start_functions()

        assert threads_of_tree(plugin.pid) == before + 5


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_settings_are_left_as_they_were_found(setting: Setting) -> None:
    """Within, as many cores as it says, and a burner where it is busy; nothing of it afterwards."""
    cores, own = os.sched_getaffinity(0), os.getpid()
    if len(cores) < setting.cores:
        with pytest.raises(UnavailableError, match="needs 2 cores"), applied(setting):
            pass
        return
    others = len(tree(own))
    try:
        with applied(setting):
            pass
    except UnavailableError as error:
        pytest.skip(str(error))

    with applied(setting):
        assert len(os.sched_getaffinity(0)) == setting.cores
        assert len(tree(own)) == others + setting.busy

    assert os.sched_getaffinity(0) == cores
    assert len(tree(own)) == others


def test_processes_are_read_from_proc() -> None:
    """This one has memory, threads, and has computed."""
    pid = os.getpid()

    assert pid in tree(pid)
    assert memory_of_tree(pid) > 5
    assert threads_of_tree(pid) >= 1
    assert cpu_of_tree(pid) > 0
    assert cpu_of_tree(2**22 + 1) == 0


@pytest.fixture(scope="session")
def real_host(build: Path) -> Iterator[RealHost]:
    try:
        binary = kuiperd_binary()
    except UnavailableError as error:
        pytest.skip(str(error))
    with RealHost(binary, uuid.uuid4().hex[:6], TINY, subject("stdlib", build)) as host:
        yield host


@pytest.mark.parametrize("key", ["stdlib", "official", "limit"])
def test_a_real_host_is_measured(real_host: RealHost, build: Path, key: str) -> None:
    """Rows go through a function, from a source and to a sink of each kind of plugin."""
    session = Session(real_host, TINY)
    for name in ("function", "source", "sink"):
        figures = session.attempt(subject(key, build), MEASURES[name])

        assert figures["rate"] > 0
        assert figures["host_cpu"] >= 0


def test_subjects_are_measured_in_turn(build: Path, mark: str) -> None:
    """Each round all of them, another one first; what is missing is told in its row."""
    there, gone = subject("stdlib", build), Subject("go", "Go", missing="no Go")
    told: list[str] = []
    results = Results()
    bench = Bench({"stdlib": there, "go": gone}, TINY._replace(rounds=2), results, told.append)
    measure = MEASURES["function"]._replace(subjects=("stdlib", "go"))

    bench.running("light", lambda: LightHost(mark), SETTINGS["one"], [measure])

    place = Place("light", "one", "function")
    assert [step.rpartition(" ")[2] for step in told] == ["stdlib", "go", "go", "stdlib"]
    assert results.figure(place, "stdlib", "rate")
    assert results.reason(place, "go") == "no Go"


def test_a_plugin_that_fails_gets_one_more_chance(build: Path, mark: str) -> None:
    """It is started anew; what fails twice is told in its row."""
    seen: list[Plugin] = []

    def run(plugin: Plugin, scale: Scale) -> Figures:
        seen.append(plugin)
        if len(seen) != 2:
            raise HostError("it hangs")
        return {"rows": 1.0, "seconds": 1.0}

    results = Results()
    bench = Bench({"stdlib": subject("stdlib", build)}, TINY, results)
    host = (
        SETTINGS["one"],
        [Measure("first", run, ("stdlib",)), Measure("second", run, ("stdlib",))],
    )

    bench.running("light", lambda: LightHost(mark), *host)

    assert seen[0] is not seen[1]
    assert results.figure(Place("light", "one", "first"), "stdlib", "rate") == 1
    assert results.reason(Place("light", "one", "second"), "stdlib") == "HostError: it hangs"


def test_a_host_that_cannot_be_is_told_in_every_row() -> None:
    """Nothing is raised, so that the rest is measured."""

    def none() -> NoReturn:
        raise UnavailableError("no such host")

    results = Results()
    Bench({}, TINY, results).running("real", none, SETTINGS["one"], [MEASURES["source"]])

    assert results.reason(Place("real", "one", "source"), "ours") == "no such host"


def test_processes_that_fail_are_told(mark: str) -> None:
    """The row says why."""

    def run(subject: Subject, scale: Scale, mark: str) -> NoReturn:
        raise HostError("no handshake")

    results = Results()
    measure = ProcessMeasure("start", run, 1, ("ours",), at_once=True)
    Bench({"ours": Subject("ours", "ours")}, TINY, results).processes([measure], mark)

    assert results.reason(Place("process", "idle", "start"), "ours") == "HostError: no handshake"


def test_missing_things_say_what_would_help(
    monkeypatch: pytest.MonkeyPatch, build: Path, tmp_path: Path
) -> None:
    """Without compiler, Go plugin and eKuiper there is a reason for each."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("BENCH_GO_PLUGIN", raising=False)
    monkeypatch.delenv("KUIPERD", raising=False)
    made = make_subjects(["go", "limit"], build)

    assert made["go"].missing == "BENCH_GO_PLUGIN names no plugin built on it"
    assert made["limit"].missing == "no C compiler: tried cc, gcc, clang; set CC"
    with pytest.raises(UnavailableError, match="KUIPERD=/path/to/bin/kuiperd make bench"):
        kuiperd_binary()
    monkeypatch.setenv("KUIPERD", str(tmp_path))
    with pytest.raises(UnavailableError, match="is no kuiperd with its etc folder"):
        kuiperd_binary()


def test_the_bench_runs_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` picks rows, `--json` says where the figures go."""
    file = tmp_path / "result.json"

    assert main(["--quick", "--only", "import", "--rounds", "1", "--json", str(file)]) == 0

    assert "import, ms over bare" in capsys.readouterr().out
    assert Results.read(file).places()


@pytest.mark.parametrize("option", ["--only", "--hosts", "--settings"])
def test_unknown_names_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert main([option, "speed"]) == 2
    assert "'speed'; there are" in capsys.readouterr().err


def test_a_plan_counts_its_steps() -> None:
    """Rounds, subjects and settings, for the progress that is shown."""
    plan = Plan.of(["function", "start"], ["light", "process"], ["idle", "one"])

    assert plan.count(TINY._replace(rounds=3)) == 3 * 9 * 2 + 1
