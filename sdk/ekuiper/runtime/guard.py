"""Around each call of a function: what it does if it kills its worker, and that it did before."""

import threading
import time
from collections.abc import Callable

from .hangs import Hangs
from .supervision.marks import KEPT_WHOLE, LONG, SHORT, Marks, content_of, mark_of

__all__ = ["PATIENCE", "Guard", "guard_alone"]

PATIENCE = 3.0
"""Seconds that a suspected request waits for another one; eKuiper waits five for an answer."""

Answer = Callable[[bytes], bytes]


def guard_alone(call_timeout: float | None) -> "Guard":
    """For a process without a supervisor: nobody learns of what kills it, but calls that hang are
    told."""
    marks = Marks(-1)
    hangs = Hangs(marks.calls)
    hangs.limit_to(call_timeout)
    return Guard(marks, hangs)


class Guard:
    """The functions of one worker. `marks` is what its supervisor sees of them; with `hangs` they
    are watched."""

    def __init__(self, marks: Marks, hangs: Hangs | None = None) -> None:
        self._hangs = hangs
        self._marks = marks
        self._suspects = marks.suspects()
        self._turn = threading.Lock()

    def around(
        self, name: str, answer: Answer, refuse: Callable[[str], bytes], what: str = ""
    ) -> Answer:
        """`answer` for the function `name` (in logs: `what`), of which the supervisor sees what it
        is asked. A request that has killed two workers gets the answer of `refuse`. Neither may
        raise."""
        slot = self._marks.claim(name)
        if slot is None:
            return answer
        number, at = slot
        memory, lengths, suspects = self._marks.memory, self._marks.lengths, self._suspects
        short, long, size = SHORT.pack_into, LONG.pack_into, SHORT.size
        serials = self._marks.calls.serials
        serial = serials[number]  # of the call before; the function may be made anew
        rouse: Callable[[int], None] | None = None
        quiet: list[bool] = []  # filled when `rouse` is to be called

        def guarded(frame: bytes) -> bytes:
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

        def suspected(frame: bytes, mark: int) -> bytes:
            place, until, how = suspects[mark]
            left = until - time.monotonic()
            if left > 0:
                return refuse(
                    f"killed its worker {how} on this request; not called again for {left:.0f} s"
                )
            # One suspect at a time, so that it is known which of them does it.
            mine = self._turn.acquire(timeout=PATIENCE)
            del suspects[mark]  # only here: it is asked once at a time, and of this function
            reply = guarded(frame)
            if mine:
                self._turn.release()
            self._marks.answered(place)
            return reply

        if self._hangs is not None:
            rouse = self._hangs.rouse
            quiet = self._hangs.watch(number, what or name, guarded.__code__)
        return guarded
