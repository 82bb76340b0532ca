"""What a run measures."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .mangos import MangosHost, mangos_measures
from .measures import Measure, running_measures
from .real import RealHost, kuiperd_binary
from .results import Results
from .scale import FULL, Scale
from .sessions import Bench, Host, LightHost
from .settings import SETTINGS
from .starts import ProcessMeasure, process_measures
from .subjects import SUBJECTS, Subject, make_subjects
from .unavailable import UnavailableError

__all__ = ["HOSTS", "Plan", "measure_names"]

HOSTS = ("real", "light", "mangos", "process")
_OWN = ("ours", "stdlib")


def measure_names() -> list[str]:
    """What can be asked for; what grows, without its counts."""
    keys = [one.key for one in running_measures(FULL)]
    keys += [one.key for one in process_measures(FULL)]
    return list(dict.fromkeys(_name(key) for key in keys))


class Plan(NamedTuple):
    """Which measures, under which hosts, in which settings."""

    only: Sequence[str]
    hosts: Sequence[str]
    settings: Sequence[str]

    @classmethod
    def of(
        cls, only: Sequence[str] = (), hosts: Sequence[str] = (), settings: Sequence[str] = ()
    ) -> "Plan":
        """All where nothing is named. Raises `ValueError` for a name that is none, with those that
        are."""
        return cls(
            _checked("measure", only, measure_names()),
            _checked("host", hosts, HOSTS),
            _checked("setting", settings, tuple(SETTINGS)),
        )

    def count(self, scale: Scale) -> int:
        """How many steps that are."""
        running = sum(
            len(measure.subjects) * (1 if measure.once else scale.rounds)
            for host in HOSTS
            for setting in self.settings
            for measure in self._running(scale, host, setting)
        )
        return running + sum(measure.rounds for measure in self._processes(scale))

    def run(
        self, scale: Scale, results: Results, build: Path, mark: str, told: Callable[[str], None]
    ) -> None:
        """Measure into `results`. What is compiled is kept below `build`; every name on the machine
        has `mark` in it."""
        subjects = make_subjects(self._subjects(scale), build)
        bench = Bench(subjects, scale, results, told)
        for host in ("real", "light", "mangos"):
            try:
                self._run_host(host, bench, scale, subjects, build, mark)
            except UnavailableError as error:
                results.absent[host] = str(error)
        bench.processes(self._processes(scale), f"{mark}p")

    def _run_host(
        self,
        host: str,
        bench: Bench,
        scale: Scale,
        subjects: Mapping[str, Subject],
        build: Path,
        mark: str,
    ) -> None:
        start: Callable[[], Host] | None = None
        for setting in self.settings:
            measures = self._running(scale, host, setting)
            if measures:
                start = start or _starter(host, scale, subjects, build, mark)
                bench.running(host, start, SETTINGS[setting], measures)

    def _subjects(self, scale: Scale) -> list[str]:
        """Whom it takes, and who feeds them."""
        wanted = {subject for measure in self._processes(scale) for subject in measure.subjects}
        for host in HOSTS:
            for setting in self.settings:
                for measure in self._running(scale, host, setting):
                    wanted |= set(measure.subjects)
        return [key for key in SUBJECTS if key in wanted or key in _OWN]

    def _running(self, scale: Scale, host: str, setting: str) -> list[Measure]:
        return [
            measure
            for measure in [*running_measures(scale), *mangos_measures(scale)]
            if host in self.hosts and host in measure.hosts and setting in measure.settings
            if _name(measure.key) in self.only
        ]

    def _processes(self, scale: Scale) -> list[ProcessMeasure]:
        if "process" not in self.hosts:
            return []
        return [one for one in process_measures(scale) if _name(one.key) in self.only]


def _starter(
    host: str, scale: Scale, subjects: Mapping[str, Subject], build: Path, mark: str
) -> Callable[[], Host]:
    if host == "light":
        return partial(LightHost, f"{mark}l")
    if host == "mangos":
        return partial(MangosHost, f"{mark}m", build)
    feeder = next(subjects[key] for key in _OWN if not subjects[key].missing)
    return partial(RealHost, kuiperd_binary(), f"{mark}r", scale, feeder)


def _name(key: str) -> str:
    """`rules` of `rules-10`; what else has a dash keeps it."""
    stem, _, count = key.rpartition("-")
    return stem if count.isdecimal() else key


def _checked(what: str, wanted: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    for name in wanted:
        if name not in known:
            raise ValueError(f"no {what} {name!r}; there are {', '.join(known)}")
    return wanted or known
