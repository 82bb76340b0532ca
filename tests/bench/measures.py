"""What is measured of plugins while they run under a host."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from .loops import Figures
from .scale import RATE, Scale

__all__ = ["Measure", "Plugin", "running_measures"]

_EVERYWHERE = ("idle", "one", "busy")
_AND_QUOTA = (*_EVERYWHERE, "quota")
_BOTH = ("light", "real")

_ALL = (
    "ours",
    "stdlib",
    "sleeping",
    "polling",
    "official",
    "go",
    "limit",
    "limit_polling",
    "bare",
)
_WAITS = ("ours", "sleeping", "polling", "official")
_STREAMS = ("ours", "stdlib", "official", "limit", "bare")
_ENGINES = ("ours", "stdlib", "official")
_PACKAGES = ("ours", "official")


class Plugin(Protocol):
    """A running plugin, under whichever host; figures hold `rows`, `seconds` and more.

    `usable` is false when it has to be started anew for the next measurement.
    """

    usable: bool

    def function(self, scale: Scale, *, hot: int = 1, size: int = 0, rules: int = 1) -> Figures: ...

    def source(self, scale: Scale, *, size: int = 0) -> Figures: ...

    def sink(self, scale: Scale, *, size: int = 0) -> Figures: ...

    def together(self, scale: Scale) -> Figures: ...

    def paced(self, scale: Scale, rate: float) -> Figures: ...


class Measure(NamedTuple):
    """One row: which subjects, under which hosts, in which settings."""

    key: str
    run: Callable[[Plugin, Scale], Figures]
    subjects: tuple[str, ...]
    hosts: tuple[str, ...] = _BOTH
    settings: tuple[str, ...] = ("idle",)
    once: bool = False
    """Not in each round: it takes long, and one figure is enough."""


def running_measures(scale: Scale) -> list[Measure]:
    """All of them, those that matter most first."""
    return [
        Measure("function", _function, _ALL, _BOTH, _AND_QUOTA),
        Measure("two", _two, _WAITS, ("real",), _EVERYWHERE),
        Measure("two", _two, _WAITS, ("light",)),
        Measure("together", _together, _WAITS, ("real",), _EVERYWHERE),
        Measure("together", _together, _WAITS, ("light",)),
        Measure("source", _source, _STREAMS, ("real",), _EVERYWHERE),
        Measure("source", _source, _ENGINES, ("light",)),
        Measure("sink", _sink, _STREAMS, ("real",), _EVERYWHERE),
        Measure("sink", _sink, _ENGINES, ("light",)),
        *(_in_rules(count) for count in scale.rules),  # before what makes plugins large
        Measure("large-function", _large_function, _PACKAGES),
        Measure("large-source", _large_source, _PACKAGES),
        Measure("large-sink", _large_sink, _PACKAGES),
        Measure("loss", _loss, _PACKAGES),
    ]


def _function(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.function(scale)


def _two(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.function(scale, hot=2)


def _together(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.together(scale)


def _source(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.source(scale)


def _sink(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.sink(scale)


def _large_function(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.function(scale, size=scale.large)


def _large_source(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.source(scale, size=scale.large)


def _large_sink(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.sink(scale, size=scale.large)


def _loss(plugin: Plugin, scale: Scale) -> Figures:
    return plugin.paced(scale, RATE)


def _in_rules(count: int) -> Measure:
    def run(plugin: Plugin, scale: Scale) -> Figures:
        return plugin.function(scale, rules=count)

    return Measure(f"rules-{count}", run, _PACKAGES, ("real",), once=True)
