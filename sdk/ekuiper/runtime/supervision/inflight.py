"""Which calls author code has at this moment, in the memory that worker and supervisor share.

A call has no time there: whoever looks remembers since when it saw the same one.
"""

import mmap
from struct import Struct

__all__ = ["SIZE", "SLOTS", "STUCK_AFTER", "Calls", "InFlight", "between_looks", "patience"]

SLOTS = 64
"""Functions that are guarded."""

STUCK_AFTER = 5.0
"""Seconds after which a call is told: eKuiper waits no longer for an answer, by default."""

_NAME = Struct("96s")  # a function's name is part of a socket's path, which is no longer
_WORDS = 3 * SLOTS + 2
_SECONDS = Struct("d")

SIZE = _WORDS * 8 + SLOTS * _NAME.size
"""Bytes of memory."""


def patience(call_timeout: float | None) -> float:
    """Seconds after which a call is stuck."""
    return STUCK_AFTER if call_timeout is None else min(STUCK_AFTER, call_timeout)


def between_looks(seconds: float) -> float:
    """Seconds from one look to the next, for who wants to see what takes as long."""
    return min(max(seconds / 20, 0.01), 0.25)


class InFlight:
    """The part of the memory `at` some place, in either process; `lengths` are not 0 where a call
    is in flight.

    By a function's number: `serials` tells one call from the next, `told` is the serial of the last
    call whose stack was logged, `threads` says which thread it is on.
    """

    def __init__(self, memory: mmap.mmap, at: int, lengths: "memoryview[int]") -> None:
        self._memory = memory
        self._names = at + _WORDS * 8
        words = memoryview(memory)[at : at + _WORDS * 8].cast("Q")
        self.serials = words[:SLOTS]
        self.told = words[SLOTS : 2 * SLOTS]
        self.threads = words[2 * SLOTS : 3 * SLOTS]
        self._awake = words[3 * SLOTS : 3 * SLOTS + 1]
        self._timeout = at + _WORDS * 8 - _SECONDS.size
        self._lengths = lengths

    def claim(self, number: int, name: str) -> None:
        """Say whose it is; in the worker."""
        _NAME.pack_into(self._memory, self._names + number * _NAME.size, name.encode())

    def name(self, number: int) -> str:
        """Which function it is."""
        (name,) = _NAME.unpack_from(self._memory, self._names + number * _NAME.size)
        return str(name.rstrip(b"\0"), "utf-8", "replace")

    def calls(self) -> dict[int, int]:
        """The serials of those in flight, by number."""
        return {number: self.serials[number] for number, each in enumerate(self._lengths) if each}

    @property
    def timeout(self) -> float | None:
        """Seconds that a call may take before the worker is killed; the worker's to say, before the
        first call."""
        (timeout,) = _SECONDS.unpack_from(self._memory, self._timeout)
        return float(timeout) or None

    @timeout.setter
    def timeout(self, timeout: float | None) -> None:
        _SECONDS.pack_into(self._memory, self._timeout, timeout or 0.0)

    @property
    def awake(self) -> bool:
        """Whether the worker looks at them; if not, it says so before the next call."""
        return bool(self._awake[0])

    @awake.setter
    def awake(self, awake: bool) -> None:
        self._awake[0] = awake


class Calls:
    """Since when each call in flight was seen; by one who looks now and then. Pure."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}

    def look(self, now: float, calls: dict[int, int]) -> None:
        """These are in flight."""
        seen = self._seen
        self._seen = {
            number: seen[number] if seen.get(number, (None,))[0] == serial else (serial, now)
            for number, serial in calls.items()
        }

    def longer(self, now: float, seconds: float) -> list[tuple[int, int, float]]:
        """Number, serial and seconds so far of each that has been seen for as long."""
        return [
            (number, serial, now - since)
            for number, (serial, since) in self._seen.items()
            if now - since >= seconds
        ]
