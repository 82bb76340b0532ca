"""Workers that have grown too large, or worked enough: when they are replaced."""

from .memory import family, memory, resident

__all__ = ["EVERY", "FIRST_PAUSE", "LONGEST_PAUSE", "Limits"]

EVERY = 3.0
LONGEST = 48.0
"""Seconds from one look at the memory to the next; doubled while nothing changes."""

FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0
"""Seconds from one replacement to the next at least; doubled while they do not help."""


class Limits:
    """What one worker after the other may take; for the supervisor's thread."""

    def __init__(self) -> None:
        self.max_memory: int | None = None
        self._due: float | None = None
        self._every = EVERY
        self._size = 0
        self._pause = FIRST_PAUSE
        self._early = False
        self._last: float | None = None
        self._told = False

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do."""
        return self._due

    def turn(self, now: float, *, on: bool) -> None:
        """Look at the memory from now on, or no more."""
        if not on or self.max_memory is None:
            self._due = None
        elif self._due is None:
            self._due = now + EVERY

    def look(self, now: float, worker: int) -> str | None:
        """What is too much about this process and all below it."""
        if self._due is None or self.max_memory is None or now < self._due:
            return None
        pids = family(worker)
        size = resident(pids)  # cheap, and never less than what counts
        self._every = min(self._every * 2, LONGEST) if size == self._size else EVERY
        self._due, self._size = now + self._every, size
        if size <= self.max_memory:
            return None
        held = memory(pids)
        if held is None or held <= self.max_memory:
            return None
        return f"it holds {held / 1e6:.1f} MB, more than max_memory={self.max_memory / 1e6:.1f} MB"

    def exceeded(self, now: float) -> float:
        """A limit is. Seconds to wait with the replacement, 0 to do it now: where the next worker
        exceeds it within a minute it has to stay that long; then two, four ... at most an hour."""
        if self._last is not None and now - self._last < self._pause:
            self._early = self._early or now - self._last < FIRST_PAUSE
            return self._last + self._pause - now
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if self._early else FIRST_PAUSE
        self._last = now
        self._early = self._told = False
        return 0.0

    def tells(self) -> bool:
        """Whether a wait is to be told: the first time."""
        first, self._told = not self._told, True
        return first
