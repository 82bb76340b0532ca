"""The workers besides the one that serves: the next one of a reload, and the one before."""

import _socket as socket
import time
from collections.abc import Callable

from ...errors import ChannelClosedError
from ...protocol.stdlib import stdlib_dumps
from .link import HAND_OVER, PREPARE, TAKE_OVER, Frame
from .spawning import Spawned
from .tidings import Tidings

__all__ = ["HAND_OVER_TIMEOUT", "Beside"]

HAND_OVER_TIMEOUT = 10.0
"""Seconds for the old worker to give everything away, and to end."""

FAILED_TIMEOUT = 2.0
"""Seconds for a worker to end that has said why it cannot serve."""


class Beside:
    """For the supervisor's thread; never waits for a worker."""

    def __init__(self) -> None:
        self.next: Spawned | None = None
        self._before: Spawned | None = None
        self._kill_next_at: float | None = None
        self._kill_before_at: float | None = None

    @property
    def descriptors(self) -> list[int]:
        """Readable when something may have happened to them."""
        found = [] if self.next is None else [self.next.link.fileno()]
        return found + [each.pidfd for each in self._each if each.pidfd >= 0]

    @property
    def deadline(self) -> float | None:
        """When `reap` has something to do at the latest."""
        times = (self._kill_next_at, self._kill_before_at)
        return min((each for each in times if each is not None), default=None)

    @property
    def pids(self) -> list[int]:
        """Which processes they are."""
        return [each.pid for each in self._each]

    @property
    def _each(self) -> list[Spawned]:
        return [each for each in (self.next, self._before) if each is not None]

    def spawned(self, worker: Spawned) -> None:
        """The next one was started."""
        self.next, self._kill_next_at = worker, None

    def prepare(self, number: int, frame: bytes) -> None:
        """Give the next one a command to prepare."""
        if self.next is not None:
            link = self.next.link
            _send(lambda: link.send(PREPARE, number, frame))

    def hear(self, now: float, says: Callable[[float, Frame], None]) -> None:
        """What the next one said."""
        if self.next is None:
            return
        worker = self.next
        frames, open_ = worker.link.drain()
        for frame in frames:
            if self.next is worker:
                says(now, frame)
        if self.next is worker and not open_ and self._kill_next_at is None:
            self._kill_next_at = now + FAILED_TIMEOUT  # it closed its line: of no more use

    def reap(self, now: float, tidings: Tidings) -> str | None:
        """Kill those whose time has come, bury those that have ended; how the next one did."""
        if self._kill_next_at is not None and now >= self._kill_next_at:
            self._kill_next_at = None
            if self.next is not None:
                self.next.kill()
        if self._kill_before_at is not None and now >= self._kill_before_at:
            self._kill_before_at = None
            if self._before is not None:
                self._before.kill()
        if self._before is not None and tidings.end_of(self._before.pid) is not None:
            _bury(self._before)
            self._before = self._kill_before_at = None
        if self.next is None or (how := tidings.end_of(self.next.pid)) is None:
            return None
        _bury(self.next)
        self.next = self._kill_next_at = None
        return how

    def switch(self, worker: Spawned, numbers: list[int]) -> Spawned:
        """The worker hands over to the next one, which is returned."""
        assert self.next is not None
        following, self.next = self.next, None
        one, other = socket.socketpair()
        content = stdlib_dumps(numbers, "numbers")
        _send(lambda: following.link.send(TAKE_OVER, 0, content, [other.fileno()]))
        _send(lambda: worker.link.send(HAND_OVER, 0, b"", [one.fileno()]))
        one.close()
        other.close()
        self.end(worker)
        return following

    def end(self, worker: Spawned) -> None:
        """This one is no longer the one that serves, and will end; `reap` sees to it."""
        if self._before is not None:
            _bury(self._before)  # it had given everything, and was only ending
        self._before, self._kill_before_at = worker, time.monotonic() + HAND_OVER_TIMEOUT

    def drop(self) -> None:
        """End the next one at once or, if that serves already, the one before."""
        if self.next is not None:
            _bury(self.next)
            self.next = self._kill_next_at = None
        elif self._before is not None:
            _bury(self._before)
            self._before = self._kill_before_at = None

    def close(self) -> None:
        """End both at once."""
        self.drop()
        self.drop()

    def forget(self) -> None:
        """Let go of the descriptors; in a forked worker."""
        for each in self._each:
            each.close()


def _send(send: Callable[[], None]) -> None:
    try:
        send()
    except ChannelClosedError:
        pass  # it has died: we hear of it next


def _bury(worker: Spawned) -> None:
    worker.kill()
    worker.close()
