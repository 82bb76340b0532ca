"""Measuring all subjects in turn, so that what the machine does meanwhile hits them alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple, Protocol

from .light import LightPlugin
from .loops import Figures
from .measures import Measure, Plugin
from .peer_process import PeerProcess
from .results import Place, Results, derived
from .scale import Scale
from .settings import Setting, applied
from .starts import ProcessMeasure
from .subjects import Subject
from .unavailable import UnavailableError

__all__ = ["Bench", "Host", "LightHost", "Session"]


class Host(Protocol):
    """Runs plugins until its `with` block is left. `label` is what it is, once entered."""

    label: str

    def __enter__(self) -> "Host": ...

    def __exit__(self, *error: object) -> None: ...

    def start(self, subject: Subject) -> Any:
        """A running plugin of this subject."""

    def end(self, plugin: Any) -> None:
        """End it, whatever state it is in."""


class LightHost:
    """Starts plugins under hosts that cost next to nothing."""

    label = "the light host"

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._started = 0
        self._stack = ExitStack()

    def __enter__(self) -> "LightHost":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, subject: Subject) -> LightPlugin:
        """Start its plugin."""
        self._started += 1
        mark = f"{self._mark}x{self._started}"
        return self._stack.enter_context(LightPlugin(subject, mark, peer=self.peer))

    def peer(self) -> PeerProcess:
        """The host's ends of a plugin's channels."""
        return PeerProcess()

    def end(self, plugin: LightPlugin) -> None:
        """End it."""
        plugin.__exit__()


class _Step(NamedTuple):
    measure: Measure
    subject: str


class Bench:
    """Measures `subjects` and keeps what comes of it in `results`; `told` hears of each step."""

    def __init__(
        self,
        subjects: Mapping[str, Subject],
        scale: Scale,
        results: Results,
        told: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._subjects = subjects
        self._scale = scale
        self._results = results
        self._told = told

    def running(
        self, name: str, host: Callable[[], Host], setting: Setting, measures: Sequence[Measure]
    ) -> None:
        """All rounds of `measures` on running plugins; `name` stands for the host in the results.

        What cannot be measured is told there, too.
        """
        order = list(self._order(measures))
        try:
            with applied(setting), host() as started:
                session = Session(started, self._scale)
                self._results.about[name] = started.label
                for step in order:
                    self._told(f"{name}, {setting.label}: {step.measure.key}, {step.subject}")
                    place = Place(name, setting.key, step.measure.key)
                    self._record(place, step.subject, session.attempt, step.measure)
        except Exception as error:  # no host, no setting: every row of it tells why
            for step in order:
                place = Place(name, setting.key, step.measure.key)
                self._results.miss(place, step.subject, _reason(error))

    def processes(self, measures: Sequence[ProcessMeasure], mark: str) -> None:
        """All rounds of `measures`, each on processes of its own, whose names begin with `mark`."""
        for number, measure in enumerate(measures):
            for turn in range(measure.rounds):
                self._told(f"processes: {measure.key}")
                self._round(measure, turn, f"{mark}{number}x{turn}x")

    def _round(self, measure: ProcessMeasure, turn: int, mark: str) -> None:
        place = Place("process", "idle", measure.key)
        keys = _rotated(measure.subjects, turn)

        def one(position: int) -> None:
            own = f"{mark}{position}"
            self._record(place, keys[position], measure.run, self._scale, own)

        with ThreadPoolExecutor(len(keys) if measure.at_once else 1) as threads:
            list(threads.map(one, range(len(keys))))

    def _record(
        self, place: Place, key: str, measured: Callable[..., Figures], *arguments: Any
    ) -> None:
        subject = self._subjects[key]
        if subject.missing:
            self._results.miss(place, key, subject.missing)
            return
        try:
            self._results.add(place, key, measured(subject, *arguments))
        except Exception as error:  # the row tells it; the others can be measured
            self._results.miss(place, key, _reason(error))

    def _order(self, measures: Sequence[Measure]) -> Iterator[_Step]:
        """Each round all measures of all subjects, and each round another one first."""
        for turn in range(self._scale.rounds):
            for measure in measures:
                if turn == 0 or not measure.once:
                    for subject in _rotated(measure.subjects, turn):
                        yield _Step(measure, subject)


class Session:
    """The running plugins under one host. One that failed is started anew."""

    def __init__(self, host: Host, scale: Scale) -> None:
        self._host = host
        self._scale = scale
        self._running: dict[str, Plugin] = {}

    def attempt(self, subject: Subject, measure: Measure) -> Figures:
        """The figures of one subject, at the second try if need be."""
        try:
            return self._try(subject, measure)
        except Exception:  # whatever it was: the plugin may be beyond repair, a new one may do
            self._end(subject)
            return self._try(subject, measure)

    def _try(self, subject: Subject, measure: Measure) -> Figures:
        if subject.key not in self._running:
            self._running[subject.key] = self._host.start(subject)
        plugin = self._running[subject.key]
        figures = derived(measure.run(plugin, self._scale))
        if not plugin.usable:
            self._end(subject)
        return figures

    def _end(self, subject: Subject) -> None:
        if subject.key in self._running:
            self._host.end(self._running.pop(subject.key))


def _rotated(subjects: tuple[str, ...], turn: int) -> tuple[str, ...]:
    first = turn % len(subjects)
    return subjects[first:] + subjects[:first]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, UnavailableError) else f"{type(error).__name__}: {text}"
