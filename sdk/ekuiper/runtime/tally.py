"""How many calls a function has answered, and how long they took."""

from ..typed import Any

__all__ = ["KEPT", "Tally"]

KEPT = 512
"""Calls whose times are kept for the percentiles; a power of two."""

_MASK = KEPT - 1


class Tally:
    """Counted by the function's thread alone, at each call; read by any, now and then."""

    __slots__ = ("_kept", "calls", "errors", "slowest")

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0
        self.slowest = 0
        self._kept = [0] * KEPT

    def add(self, took: int) -> None:
        """A call was answered `took` nanoseconds after it came."""
        calls = self.calls
        self._kept[calls & _MASK] = took
        if took > self.slowest:
            self.slowest = took
        self.calls = calls + 1

    def figures(self) -> dict[str, Any]:
        """Calls, errors, and seconds: of the slowest call and, of the last `KEPT` ones, the
        percentiles; None before the first call."""
        calls = self.calls
        times = sorted(self._kept[: min(calls, KEPT)])
        return {
            "calls": calls,
            "errors": self.errors,
            "p50": _seconds(times, 0.5),
            "p99": _seconds(times, 0.99),
            "max": self.slowest / 1e9 if calls else None,
        }


def _seconds(times: list[int], share: float) -> float | None:
    return times[min(int(len(times) * share), len(times) - 1)] / 1e9 if times else None
