"""Calls that take too long, as the supervisor sees them: alone, whatever the worker's threads do.

The worker tells the stack of such a call itself, from its main thread, which looks at the others
while they stand still: nothing can go wrong with that, but it needs the interpreter's lock. If
author code keeps that to itself (a regular expression that never ends, a C library), the worker
says nothing, and only then it is sent a signal at which faulthandler writes the stacks of all
threads into the shared memory. That needs no lock; that it reads what other threads might be
changing does no harm, as none can run.
"""

import faulthandler
import os

from ...typed import NamedTuple
from ..signals import signal
from .inflight import Calls, between_looks, patience
from .marks import Marks
from .report import Report

__all__ = ["Overdue", "Verdict", "let_stacks_be_taken"]

GRACE = 0.1
"""Seconds beyond two looks that the worker has to tell the stack itself before it is killed."""

PATIENCE = 1.0
"""Such seconds if it shall live: were it only slow, stacks taken from outside might harm it."""

DUMP = 0.05
"""Seconds that the stacks are given to be written."""

_SIGNAL = getattr(signal, "SIGRTMIN", 0) + 9
"""For us alone: what plugins use are the others."""

_MOST = 1 << 16  # bytes of stacks


def let_stacks_be_taken(marks: Marks) -> None:
    """Be ready for the signal; in the worker."""
    try:
        faulthandler.register(_SIGNAL, marks.fd, all_threads=True, chain=False)
    except (OSError, ValueError, RuntimeError, AttributeError):
        signal.signal(_SIGNAL, signal.SIG_IGN)  # it must not end the worker


class Verdict(NamedTuple):
    """Why a worker ended: `how` it did, and the `reason` alone; and whether it was `asked`
    something then, of which it may have died."""

    how: str
    reason: str
    asked: bool = False


class Overdue:
    """Looks at the calls of one worker after the other; for the supervisor's thread. Without
    `marks` it sees nothing."""

    def __init__(self, marks: Marks | None, report: Report) -> None:
        self._marks = marks
        self._report = report
        self.deadline: float | None = None
        """When `look` has something to do; None while no calls come."""
        self._seen = Calls()
        self._dumping = False
        self._held = False  # no thread of the worker runs, but perhaps one
        self._guilty: int | None = None

    def turn_to(self, marks: Marks | None) -> None:
        """Look at another worker from now on, which begins without calls."""
        self._marks = marks
        self.deadline = self._guilty = None
        self._dumping = self._held = False
        self._seen = Calls()

    def roused(self, now: float) -> None:
        """Calls come, after a pause."""
        if self.deadline is None:
            self.deadline = now

    def look(self, now: float, worker: int, *, hears: bool) -> bool:
        """Look at the calls of this process; True when it has to be killed for one. If its main
        thread has a command it `hears` nothing, so it may well be that it told nothing."""
        if self._marks is None or self.deadline is None or now < self.deadline:
            return False
        return self._look(now, worker, self._marks, hears)

    def died(self, now: float, how: str) -> Verdict:
        """The worker has; why. The next one begins without calls."""
        guilty, held = self._guilty, self._held
        self.turn_to(self._marks)
        if self._marks is None:
            return Verdict(how, how)
        if guilty is None:
            return Verdict(how, how, self._marks.died(now, how))
        calls = self._marks.calls
        limit = f"call_timeout={calls.timeout:g} s"
        self._marks.died(now, limit, None if held else guilty)  # who holds the lock is not known
        reason = f"function {calls.name(guilty)!r} took longer than {limit}"
        return Verdict(f"as {reason}", reason, asked=True)

    def stuck(self, now: float) -> dict[str, float]:
        """Functions that are at one call for too long, and for how many seconds."""
        if self._marks is None:
            return {}
        calls = self._marks.calls
        if self.deadline is not None:
            self._seen.look(now, calls.calls())
        late = self._seen.longer(now, patience(calls.timeout))
        return {calls.name(number): seconds for number, _, seconds in late}

    @property
    def timeout(self) -> float:
        """Seconds that a call may take; 0 if there is no limit."""
        return 0.0 if self._marks is None else self._marks.calls.timeout or 0.0

    def dump(self, worker: int) -> None:
        """Have the stacks of all threads written; only where none of them runs, or this process is
        to be killed."""
        if self._marks is not None:
            os.ftruncate(self._marks.fd, self._marks.size)
            os.lseek(self._marks.fd, self._marks.size, os.SEEK_SET)
            os.kill(worker, _SIGNAL)

    def dumped(self) -> str:
        """What was written, `DUMP` seconds later."""
        if self._marks is None:
            return ""
        return os.pread(self._marks.fd, _MOST, self._marks.size).decode("utf-8", "replace")

    def _look(self, now: float, worker: int, marks: Marks, hears: bool) -> bool:
        calls, timeout = marks.calls, marks.calls.timeout
        limit = patience(timeout)
        pause = between_looks(limit)
        grace = 2 * pause + (GRACE if limit == timeout else PATIENCE)
        self._seen.look(now, flying := calls.calls())
        self.deadline = now + pause if flying or calls.awake else None
        late = self._seen.longer(now, limit)
        if hears or timeout is not None:
            untold = [each for each in late if each[2] >= limit + grace]
            self._have_told(now, worker, marks, untold)
        for number, serial, seconds in late:
            if calls.told[number] == serial and timeout is not None and seconds >= timeout:
                self._guilty, self.deadline = number, None
                return True
        return False

    def _have_told(
        self, now: float, worker: int, marks: Marks, late: list[tuple[int, int, float]]
    ) -> None:
        """Tell of these calls what the worker has not: at the look after the stacks of all threads
        were written."""
        told = marks.calls.told
        untold = [each for each in late if told[each[0]] != each[1]]
        dumped, self._dumping = self._dumping, bool(untold) and not self._dumping
        if self._dumping:
            self.dump(worker)
            self.deadline = now + DUMP
        elif dumped:
            self._held = bool(untold)
            for number, serial, seconds in untold:
                self._tell(marks, number, seconds)
                told[number] = serial

    def _tell(self, marks: Marks, number: int, seconds: float) -> None:
        from .stackdump import lines_of, place  # rare, and more than all that is loaded before

        calls = marks.calls
        self._report(
            "WARNING",
            f"{place(marks.request(number))}function {calls.name(number)!r} of plugin "
            f"{self._report.plugin!r}: a call takes longer than {patience(calls.timeout):g} s "
            f"({seconds:.1f} s so far) and lets no other thread run, now at:",
            lines_of(self.dumped(), calls.threads[number]),
        )
