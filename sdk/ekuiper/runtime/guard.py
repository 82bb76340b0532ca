"""Around each call of a function or sink: what it does if it kills its worker, and that it did
before."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..typed import TypeVar
from .hangs import Hangs, watched_by_thread
from .supervision.marks import KEPT_WHOLE, LONG, SHORT, SLOTS, Marks, content_of, mark_of

__all__ = ["PATIENCE", "Guard", "guard_alone"]

PATIENCE = 3.0
"""Seconds that a suspected request waits for another one; eKuiper waits five for an answer."""

T = TypeVar("T")

Slot = tuple[int, int]
"""A number, and where in the memory its content is."""


def guard_alone(call_timeout: float | None) -> "Guard":
    """For a process without a supervisor: nobody learns of what kills it, but calls that hang are
    told."""
    marks = Marks(-1)
    hangs = watched_by_thread(marks.calls)
    hangs.limit_to(call_timeout)
    return Guard(marks, hangs)


class Guard:
    """The functions and sinks of one worker. `marks` is what its supervisor sees of them; with
    `hangs` the functions are watched."""

    def __init__(self, marks: Marks, hangs: Hangs | None = None) -> None:
        self._hangs = hangs
        self._marks = marks
        self._suspects = marks.suspects()
        self._turn = threading.Lock()

    def around(
        self, name: str, answer: Callable[[bytes], T], refuse: Callable[[str], T], what: str = ""
    ) -> Callable[[bytes], T]:
        """`answer` for the function `name` (in logs: `what`), of which the supervisor sees what it
        is asked. A request that has killed two workers gets the answer of `refuse`. Neither may
        raise."""
        slot = self._marks.claim(name)
        return self._around(slot, name, answer, refuse, what) if slot is not None else answer

    @contextmanager
    def rows(
        self, name: str, collect: Callable[[bytes], T], refuse: Callable[[str], T]
    ) -> Iterator[Callable[[bytes], T]]:
        """The same for a sink, known by `name`, as long as it runs."""
        slot = self._marks.claim_rows(name) if self._marks.fd >= 0 else None  # else who would see?
        if slot is None:
            yield collect
            return
        try:
            yield self._around(slot, name, collect, refuse)
        finally:
            self._marks.release(slot[0])

    def _around(
        self,
        slot: Slot,
        name: str,
        answer: Callable[[bytes], T],
        refuse: Callable[[str], T],
        what: str = "",
    ) -> Callable[[bytes], T]:
        number, at = slot
        asked, serials = "request", self._marks.calls.serials
        if number >= SLOTS:
            asked, serials = "row", memoryview(bytearray(8 * (number + 1))).cast("Q")  # of no use
        memory, lengths, suspects = self._marks.memory, self._marks.lengths, self._suspects
        short, long, size = SHORT.pack_into, LONG.pack_into, SHORT.size
        serial = serials[number]  # of the call before; the function may be made anew
        rouse: Callable[[int], None] | None = None
        quiet: list[bool] = []  # filled when `rouse` is to be called

        def guarded(frame: bytes) -> T:
            nonlocal serial
            if suspects and (mark := mark_of(frame, name)) in suspects:
                return suspected(frame, mark)
            if quiet and rouse is not None:
                rouse(number)
            length = len(frame)
            if length <= size:
                short(memory, at, frame)
            else:
                long(memory, at, frame if length <= KEPT_WHOLE else content_of(frame))
            serials[number] = serial = serial + 1
            lengths[number] = length
            reply = answer(frame)
            lengths[number] = 0
            return reply

        def suspected(frame: bytes, mark: int) -> T:
            place, until, how = suspects[mark]
            left = until - time.monotonic()
            if left > 0:
                return refuse(
                    f"killed its worker {how} on this {asked}; not called again for {left:.0f} s"
                )
            # One suspect at a time, so that it is known which of them does it.
            mine = self._turn.acquire(timeout=PATIENCE)
            del suspects[mark]  # only here: it is asked once at a time, and of this function
            reply = guarded(frame)
            if mine:
                self._turn.release()
            self._marks.answered(place)
            return reply

        if self._hangs is not None and number < SLOTS:
            rouse = self._hangs.rouse
            quiet = self._hangs.watch(number, what or name, guarded.__code__)
        return guarded
