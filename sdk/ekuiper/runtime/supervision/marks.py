"""What a worker leaves behind when it dies: memory that it shares with its supervisor.

The worker writes, for each function and sink, the request or row that author code has: its length,
or 0, and its content, or of a long one a sample. The supervisor reads that when the worker has
died, and writes for the next one the suspects: a mark, or 0, when it may be tried again (in
milliseconds), and how its workers ended.
"""

import mmap
import os
from binascii import crc32
from struct import Struct

from .inflight import SIZE, SLOTS, InFlight
from .poison import KEPT, Suspects

__all__ = [
    "KEPT_WHOLE",
    "LONG",
    "ROW_SLOTS",
    "SHORT",
    "SLOTS",
    "Marks",
    "content_of",
    "mark_of",
    "new_marks",
]

ROW_SLOTS = 64
"""Running sinks that are guarded."""

KEPT_WHOLE = 4096
"""Bytes of a request that are copied; of a longer one a sample."""

_ENDS = 1024  # bytes of the sample at either end
_BETWEEN = 128  # all over

SHORT = Struct("512s")
LONG = Struct(f"{KEPT_WHOLE}s")
"""Where a request is copied to: most are short, and the rest is filled with zeros."""

_SUSPECT = Struct("QQ32s")
_ALL = SLOTS + ROW_SLOTS
_LENGTHS = KEPT * _SUSPECT.size
_NAMES = _LENGTHS + _ALL * 4
_CONTENTS = _NAMES + _ALL * 4
_CALLS = _CONTENTS + _ALL * KEPT_WHOLE
_SIZE = _CALLS + SIZE


class Marks:
    """The memory, in either process. `fd` is for a worker that is a fresh interpreter."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.memory = mmap.mmap(fd, _SIZE)
        words = memoryview(self.memory).cast("I")
        self.lengths = words[_LENGTHS // 4 :][:_ALL]
        self.calls = InFlight(self.memory, _CALLS, self.lengths[:SLOTS])
        self._names = words[_NAMES // 4 :][:_ALL]
        self._suspects = Suspects()
        self._claimed: dict[str, int] = {}
        self._free = list(range(SLOTS, _ALL))

    def claim(self, name: str) -> tuple[int, int] | None:
        """For a function: its number among the lengths, and where its content goes; in the worker.
        None: there is no more."""
        number = self._claimed.setdefault(name, len(self._claimed))
        if number >= SLOTS:
            return None
        self.calls.claim(number, name)
        return self._named(number, name)

    def claim_rows(self, name: str) -> tuple[int, int] | None:
        """Like `claim`, for a sink that begins to run; until `release`."""
        try:
            return self._named(self._free.pop(), name)
        except IndexError:
            return None

    def release(self, number: int) -> None:
        """The sink with this number has ended."""
        self._free.append(number)

    def _named(self, number: int, name: str) -> tuple[int, int]:
        self._names[number] = crc32(name.encode())
        return number, _CONTENTS + number * KEPT_WHOLE

    @property
    def size(self) -> int:
        """Bytes of the memory; a file for `fd` may go on behind it."""
        return _SIZE

    def request(self, number: int) -> bytes:
        """What a function is asked, unless it is long; in the supervisor."""
        at, length = _CONTENTS + number * KEPT_WHOLE, self.lengths[number]
        return self.memory[at : at + length] if length <= KEPT_WHOLE else b""

    def suspects(self) -> dict[int, tuple[int, float, str]]:
        """By mark: its place, when it may be tried (monotonic), and how its workers ended."""
        found = {}
        for at in range(0, _LENGTHS, _SUSPECT.size):
            mark, until, how = _SUSPECT.unpack_from(self.memory, at)
            if mark:
                found[mark] = (at, until / 1000, how.rstrip(b"\0").decode())
        return found

    def answered(self, at: int) -> None:
        """The suspect at this place was; in the worker."""
        _SUSPECT.pack_into(self.memory, at, 0, 0, b"")

    def died(self, now: float, how: str, guilty: int | None = None) -> bool:
        """The worker has; in the supervisor, before the next is made. It is known to have died of
        the call of the function with the number `guilty`, if that is given. Returns whether author
        code had any call or row."""
        left = self.suspects()
        for mark in self._suspects.known:
            if mark not in left:
                self._suspects.answered(mark)
        in_flight = self._in_flight(guilty)
        self._suspects.died(now, how, in_flight)
        self.calls.awake = False
        known = list(self._suspects.known.items())
        for number, (mark, suspect) in enumerate(known):
            until, text = int(suspect.until * 1000), str(suspect).encode()
            _SUSPECT.pack_into(self.memory, number * _SUSPECT.size, mark, until, text)
        for number in range(len(known), KEPT):
            self.answered(number * _SUSPECT.size)
        return bool(in_flight)

    def next(self) -> "Marks | None":
        """New memory, for a worker beside the one that has this; it knows the same suspects."""
        following = new_marks()
        if following is not None:
            following._suspects = self._suspects
            following.memory[:_LENGTHS] = self.memory[:_LENGTHS]
        return following

    def close(self) -> None:
        """Let go of the descriptor; the memory stays as long as it is used."""
        os.close(self.fd)

    def _in_flight(self, guilty: int | None) -> list[int]:
        """The marks of what author code has, or of the guilty one alone; then nothing is."""
        found = []
        for number, length in enumerate(self.lengths):
            if length:
                at = _CONTENTS + number * KEPT_WHOLE
                content = self.memory[at : at + _kept_of(length)]
                if guilty in (None, number):
                    found.append(_mark(length, content, self._names[number]))
                self.lengths[number] = 0
        return found


def content_of(frame: bytes) -> bytes:
    """What is kept of a request. To read all of a long one would take as long as to receive it."""
    if len(frame) <= KEPT_WHOLE:
        return frame
    return frame[:_ENDS] + frame[-_ENDS:] + frame[:: len(frame) // _BETWEEN + 1]


def _kept_of(length: int) -> int:
    """How many bytes are kept of so many."""
    if length <= KEPT_WHOLE:
        return length
    return 2 * _ENDS + len(range(0, length, length // _BETWEEN + 1))


def mark_of(frame: bytes, name: str) -> int:
    """By which a request to a function, or a row for a sink, is known."""
    return _mark(len(frame), content_of(frame), crc32(name.encode()))


def _mark(length: int, content: bytes, name: int) -> int:
    return crc32(content, name) | length << 32


def new_marks() -> Marks | None:
    """New memory, empty; None where the kernel has none of the kind."""
    try:
        fd = os.memfd_create("ekuiper")
    except (AttributeError, OSError):
        return None
    os.ftruncate(fd, _SIZE)
    return Marks(fd)
