"""What is to be reached, as ratios of figures of one run; and whether it is."""

from collections.abc import Sequence
from typing import NamedTuple

from .results import Place, Results

__all__ = ["INDICATIVE", "Target", "Verdict", "judge", "targets_of"]


INDICATIVE = (
    "Indicative: measured in short windows (--quick, QUICK=1), so verdicts may come out the other "
    "way in a whole run"
)


class Target(NamedTuple):
    """`of`, divided by the best of `to` if there is any, is at least or at most `bound`.

    `by` is how `to` is called in a table, `base` the measure to take it from, if another one. With
    `more` it is how much more `of` is than `to`.
    """

    bound: float
    to: tuple[str, ...] = ()
    by: str = ""
    at_most: bool = False
    of: str = "ours"
    base: str = ""
    more: bool = False


class Verdict(NamedTuple):
    """A target, and the value that should meet it; None if a figure for it is missing."""

    target: Target
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None if nobody can tell."""
        if self.value is None:
            return None
        bound = self.target.bound
        return self.value <= bound if self.target.at_most else self.value >= bound


_STDLIB = Target(0.85, ("ours",), "ours", of="stdlib")
_BEST_WAIT = Target(0.95, ("sleeping", "polling"), "best wait")
_LIMIT = Target(0.95, ("limit",), "C")


def _official(bound: float, *, at_most: bool = False) -> Target:
    return Target(bound, ("official",), "official", at_most)


_AS_OFFICIAL = (_official(1.0),)

_ANYWHERE: dict[tuple[str, str, str], tuple[Target, ...]] = {
    ("real", "two", "rate"): (_BEST_WAIT,),
    ("real", "together", "rate"): (_BEST_WAIT,),
    ("real", "source", "rate"): (_LIMIT, _STDLIB),
    ("real", "sink", "rate"): (_LIMIT, _STDLIB),
    ("real", "source", "plugin_cpu"): (_official(1 / 8, at_most=True),),
    ("real", "sink", "plugin_cpu"): (_official(1 / 6, at_most=True),),
    ("light", "function", "rate"): (_BEST_WAIT, _STDLIB),
    ("light", "function", "p50"): (_official(1 / 3, at_most=True),),
    ("light", "source", "rate"): (_official(6.0),),
    ("light", "sink", "rate"): (_official(8.0),),
    ("real", "loss", "lost"): (Target(0.0, at_most=True),),
    ("light", "loss", "lost"): (Target(0.0, at_most=True),),
    ("process", "start", "over"): (Target(15.0, at_most=True),),
    ("process", "import", "over"): (Target(15.0, at_most=True),),
    ("process", "memory", "memory"): (Target(14.0, at_most=True),),
    ("process", "memory", "threads"): (Target(4.0, at_most=True),),
    ("process", "rest", "ticks"): (Target(0.0, at_most=True),),
    ("process", "slow", "share"): (
        Target(1.0, ("sleeping",), "sleeping", at_most=True, more=True),
    ),
}

_IN_SETTING: dict[tuple[str, str, str, str], tuple[Target, ...]] = {
    ("real", "idle", "function", "rate"): (
        _official(3.5),
        Target(2.4, ("go",), "Go"),
        Target(0.9, ("limit_polling",), "C polling"),
        _BEST_WAIT,
        _STDLIB,
    ),
    ("real", "idle", "function", "both_cpu"): (_official(0.4, at_most=True),),
    ("real", "one", "function", "rate"): (_official(1.95), _BEST_WAIT, _STDLIB),
    ("real", "busy", "function", "rate"): (_official(2.3), _BEST_WAIT, _STDLIB),
    ("real", "quota", "function", "rate"): (_BEST_WAIT, _STDLIB),
}

_FLAT = 0.9  # how "flat" is read, as measurements scatter


def targets_of(place: Place, metric: str) -> Sequence[Target]:
    """What this figure has to reach."""
    if place.measure.startswith("large-") and metric == "rate":
        return _AS_OFFICIAL
    stem, _, count = place.measure.partition("-")
    if stem in ("functions", "rules") and metric == "rate" and count not in ("", "1"):
        return (Target(_FLAT, ("ours",), "with one", base=f"{stem}-1"),)
    of_setting = _IN_SETTING.get((place.host, place.setting, place.measure, metric))
    return of_setting or _ANYWHERE.get((place.host, place.measure, metric), ())


def judge(results: Results, place: Place, metric: str) -> list[Verdict]:
    """Every target of this figure, and what was reached."""
    return [_judged(results, place, metric, target) for target in targets_of(place, metric)]


def _judged(results: Results, place: Place, metric: str, target: Target) -> Verdict:
    mine = results.figure(place, target.of, metric)
    if mine is None or not target.to:
        return Verdict(target, mine)
    base = place._replace(measure=target.base or place.measure)
    found = [results.figure(base, other, metric) for other in target.to]
    others = [figure for figure in found if figure is not None]
    if len(others) < len(target.to):
        return Verdict(target, None)
    if target.more:
        return Verdict(target, mine - others[0])
    best = max(others)
    return Verdict(target, mine / best if best else None)
