"""What was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..embedded.counters import Fault, Faults, Latency

__all__ = ["UNSTAMPED", "Measured", "Part", "Timing", "part", "slower"]

UNSTAMPED = (
    "the plugin left no stamps: it uses another SDK, or what starts its interpreter drops "
    "EKUIPER_PROBE from the environment"
)


@dataclass(frozen=True)
class Part:
    """One part of the time of a call, row or message; seconds."""

    name: str
    mean: float
    p50: float
    p99: float
    share: float
    """Of the whole, from 0 to 1."""


@dataclass(frozen=True)
class Measured:
    """One symbol; times are seconds, None where there was nothing to measure."""

    kind: str
    name: str
    unit: str
    """What was counted: "call" or "row"."""
    count: int
    seconds: float
    rate: float
    p50: float | None
    p99: float | None
    longest: float | None
    parts: tuple[Part, ...]
    """Where the time goes, from a second run with stamps; empty where that had nothing to show."""
    stamped: int
    """How many calls, rows or messages the parts are of."""
    slower: float | None
    """How much longer one took in the second run, as a share: what the stamps cost."""
    waiting: float
    """Of the author's time, the share in which the thread was not at work."""
    host_busy: float
    """How busy this host was, as a share of one core."""
    faults: tuple[Fault, ...]
    errors: int
    failures: tuple[str, ...] = ()
    """What ended it early."""
    interrupted: bool = False
    """Whether Ctrl-C did: the figures are those until then."""
    unexplained: str | None = None
    """Why there are no parts."""
    log: tuple[str, ...] = field(default=(), repr=False)
    """The end of the plugin's log, where it ended by itself."""


class Timing:
    """Counts while it is measured; for one thread, but for `faults`."""

    def __init__(self) -> None:
        self.latency = Latency()
        self.longest = 0.0
        self.faults = Faults()

    def add(self, seconds: float) -> None:
        """One took that long."""
        self.latency.add(seconds)
        if seconds > self.longest:
            self.longest = seconds


def part(name: str, nanoseconds: Sequence[int], whole: float) -> Part:
    """One part, of which each call took so long, of `whole` nanoseconds on the average."""
    ordered = sorted(nanoseconds)
    mean = sum(ordered) / len(ordered)
    return Part(
        name=name,
        mean=mean / 1e9,
        p50=ordered[len(ordered) // 2] / 1e9,
        p99=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / 1e9,
        share=mean / whole if whole else 0.0,
    )


def slower(before: float | None, after: float | None) -> float | None:
    """How much longer one took with stamps."""
    return after / before - 1 if before and after else None
