"""Who wants the plugin reloaded, and what became of it."""

import _socket as socket
import time

from ...protocol.stdlib import stdlib_dumps
from ...typed import Any
from .desk import reply
from .report import Report

__all__ = ["Reloads"]


class Reloads:
    """For the supervisor's thread. One reload at a time; those who ask meanwhile get the next, and
    so do those who waited for one that gave way to it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._why: str | None = None  # of the one that is wanted
        self.newer = False
        """Whether it is for newer code than that of one that is prepared now."""
        self._next: list[socket.socket] = []
        self._asking: list[socket.socket] = []
        self._began = self._switched = 0.0
        self._began_for = ""
        self.last: dict[str, Any] | None = None
        """What became of the last one, for the status."""

    @property
    def wanted(self) -> bool:
        """Whether one is to begin as soon as it can."""
        return self._why is not None

    @property
    def waiting(self) -> int:
        """How many wait for an answer."""
        return len(self._next) + len(self._asking)

    def want(self, why: str, one: socket.socket | None = None, *, newer: bool = True) -> None:
        """A reload is wanted, and perhaps somebody waits for it."""
        self._why = self._why or why
        self.newer = self.newer or newer
        if one is not None:
            self._next.append(one)

    def begin(self) -> None:
        """The one that is wanted begins."""
        self._report("INFO", f"reloading: {self._why}")
        self._why, self.newer = None, False
        self._asking, self._next = self._asking + self._next, []
        self._began, self._switched = time.monotonic(), 0.0

    def switch(self) -> None:
        """The worker hands over now."""
        self._switched = time.monotonic()

    def over(self, generation: int | None, error: str | None) -> None:
        """It is over: this worker serves, or with an error goes on to; None: there is none."""
        now = time.monotonic()
        gap = now - self._switched if self._switched else None
        took = now - self._began
        self.last = {
            "time": time.time(),
            "generation": generation,
            "error": error,
            "seconds": took,
            "gap": gap if error is None else None,
        }
        if error is not None:
            self._report("ERROR", f"not reloaded: {error}")
        else:
            brief = f", handed over in {gap * 1000:.1f} ms" if gap is not None else ""
            self._report("INFO", f"reloaded in {took:.2f} s: worker {generation} serves{brief}")
        answer = stdlib_dumps({"plugin": self._report.plugin, **self.last}, "reload")
        while self._asking:
            reply(self._asking.pop(), answer)

    def forget(self) -> None:
        """Let go of the descriptors."""
        for each in (*self._next, *self._asking):
            each.close()
        self._next, self._asking = [], []
