"""How long to wait after a crash, and after a start that failed. Pure."""

from .orders import Key

__all__ = ["Crashes", "Retries"]

_DELAYS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0)

HEALTHY = 60.0
"""Seconds of service after which earlier crashes are forgiven."""

FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0


class Crashes:
    """Deaths of workers in a row."""

    def __init__(self) -> None:
        self._count = 0
        self._ready_at: float | None = None

    def ready(self, now: float) -> None:
        """A worker begins to serve."""
        self._ready_at = now

    def died(self, now: float) -> float:
        """Seconds until the next worker."""
        if self._ready_at is not None and now - self._ready_at >= HEALTHY:
            self._count = 0
        self._ready_at = None
        delay = _DELAYS[min(self._count, len(_DELAYS) - 1)]
        self._count += 1
        return delay


class Retries:
    """Starts that failed in a replay, each with the time of its next try."""

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._delays: dict[Key, float] = {}

    def failed(self, key: Key, now: float) -> float:
        """Seconds until the next try."""
        delay = min(self._delays.get(key, FIRST_RETRY / 2) * 2, LONGEST_RETRY)
        self._delays[key] = delay
        self._due[key] = now + delay
        return delay

    def due(self, now: float) -> Key | None:
        """One whose time has come; it is not due again before it failed again."""
        for key, time in self._due.items():
            if time <= now:
                del self._due[key]
                return key
        return None

    def waits(self, key: Key) -> bool:
        """Whether it is to be tried again."""
        return key in self._delays

    @property
    def next_due(self) -> float | None:
        """When the first of them is due."""
        return min(self._due.values(), default=None)

    def forget(self, key: Key) -> None:
        """It was started or stopped."""
        self._due.pop(key, None)
        self._delays.pop(key, None)

    def clear(self) -> None:
        """The worker died: all are started anew."""
        self._due.clear()
        self._delays.clear()
