"""Whether the worker's main thread runs: it is asked now and then, and has to answer.

Otherwise nobody would notice a worker that stands still while the host commands nothing: one whose
author code keeps the interpreter's lock outside of a call, or that was stopped.
"""

from ...errors import ChannelClosedError
from .link import PING
from .overdue import DUMP, Overdue
from .report import Report
from .spawning import Spawned

__all__ = ["EVERY", "PATIENCE", "Pulse"]

EVERY = 20.0
"""Seconds from an answer to the next question."""

PATIENCE = 30.0
"""Seconds for an answer; more if calls may take longer."""

GRACE = 1.0
"""Seconds more: if all of us stood still, the worker needs a moment, too."""


class Pulse:
    """Asks one worker after the other, while symbols run there; for the supervisor's thread."""

    def __init__(self, overdue: Overdue, report: Report) -> None:
        self._overdue = overdue
        self._report = report
        self.deadline: float | None = None
        """When `look` has something to do; None while nobody is asked."""
        self._step = self._ask
        self._asked = 0.0
        self._silence = ""
        self._debugged = False

    def turn(self) -> None:
        """It is another worker from now on, or none."""
        self.deadline = None
        self._silence = ""
        self._debugged = False

    def look(self, now: float, worker: Spawned, *, rests: bool) -> bool:
        """Ask, or see that it does not answer; True when it has to be killed. `rests`: it has
        symbols that run, and no command."""
        if self.deadline is None:
            if rests and not self._silence and not self._debugged:
                self.deadline, self._step = now + EVERY, self._ask
        elif now >= self.deadline:
            if self._step == self._ask and not rests:
                self.deadline = None  # commands have limits of their own
            else:
                self._step(now, worker)
        return bool(self._silence)

    def answered(self, *, debugged: bool) -> None:
        """The worker did; it is asked again later, unless somebody might stop it to look at it."""
        self.deadline = None
        self._debugged = debugged

    def died(self, how: str) -> str:
        """The worker has: how, or for which silence it was killed."""
        silence = self._silence
        self.turn()
        return silence or how

    def _ask(self, now: float, worker: Spawned) -> None:
        self._asked = now
        self.deadline, self._step = now + max(PATIENCE, self._overdue.timeout), self._wait
        try:
            worker.link.send(PING, 0)
        except ChannelClosedError:
            self.deadline = None  # it has died: we hear of it next

    def _wait(self, now: float, worker: Spawned) -> None:
        self.deadline, self._step = now + GRACE, self._look_closer

    def _look_closer(self, now: float, worker: Spawned) -> None:
        self._overdue.dump(worker.pid)
        self.deadline, self._step = now + DUMP, self._tell

    def _tell(self, now: float, worker: Spawned) -> None:
        from .stackdump import all_lines  # rare, and more than all that is loaded before

        silence = f"nothing for {now - self._asked:.0f} s"
        self._report(
            "WARNING",
            f"the worker of plugin {self._report.plugin!r} answers {silence}: its code lets no "
            "other thread run, or it was stopped; it is killed, and was at:",
            all_lines(self._overdue.dumped()),
        )
        self._silence, self.deadline = f"as it answered {silence}", None
