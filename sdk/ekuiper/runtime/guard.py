"""Around each call of a function: what it does if it kills its worker, and that it did before."""

import threading
import time
from collections.abc import Callable

from .supervision.marks import KEPT_WHOLE, LONG, SHORT, Marks, content_of, mark_of

__all__ = ["PATIENCE", "Guard"]

PATIENCE = 3.0
"""Seconds that a suspected request waits for another one; eKuiper waits five for an answer."""

Answer = Callable[[bytes], bytes]


class Guard:
    """The functions of one worker. `marks` is what its supervisor sees of them."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._suspects = marks.suspects()
        self._turn = threading.Lock()

    def around(self, name: str, answer: Answer, refuse: Callable[[str], bytes]) -> Answer:
        """`answer` for the function `name`, of which the supervisor sees what it is asked. A
        request that has killed two workers gets the answer of `refuse`. Neither may raise."""
        slot = self._marks.claim(name)
        if slot is None:
            return answer
        number, at = slot
        memory, lengths, suspects = self._marks.memory, self._marks.lengths, self._suspects
        short, long, size = SHORT.pack_into, LONG.pack_into, SHORT.size

        def guarded(frame: bytes) -> bytes:
            if suspects and (mark := mark_of(frame, name)) in suspects:
                return suspected(frame, mark)
            return watched(frame)

        def watched(frame: bytes) -> bytes:
            length = len(frame)
            if length <= size:
                short(memory, at, frame)
            else:
                long(memory, at, frame if length <= KEPT_WHOLE else content_of(frame))
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
            reply = watched(frame)
            if mine:
                self._turn.release()
            del suspects[mark]
            self._marks.answered(place)
            return reply

        return guarded
