"""The host, as the supervisor has to do with it: its life, its commands, and the answers."""

import select
import time

from ...errors import ChannelResetError, ConnectError
from ...protocol.messages import HANDSHAKE
from ...transport import Exchange
from ..hostwatch import POLL_INTERVAL, HostWatch
from .report import Report

__all__ = ["HostSide"]

REDIAL = 0.05
"""Seconds between looks for a host whose control channel was cut."""


class HostSide:
    """The control channel, after the handshake; dialled again when it is cut while the host lives.

    `hear` and `answer` raise `ChannelResetError` when it is: nobody waits for an answer then.
    """

    def __init__(self, exchange: Exchange, report: Report) -> None:
        self._exchange = exchange
        self._report = report
        self._watch = HostWatch(exchange.peer)
        self._redial_at: float | None = None
        self._asked = False  # by a command that is not answered yet: nothing else will come

    @property
    def process(self) -> int:
        """Which one it is."""
        return self._watch.host

    @property
    def deadline(self) -> float | None:
        """When to look at the latest."""
        if self._watch.descriptors is None:
            unwatched = time.monotonic() + POLL_INTERVAL
            return unwatched if self._redial_at is None else min(unwatched, self._redial_at)
        return self._redial_at

    def wait(self, poll: select.poll, pause: float | None) -> None:
        """Until the host does something, or `poll` says that something else happened; at most for
        these milliseconds."""
        for fd in self._watch.descriptors or ():
            poll.register(fd, select.POLLIN)
        if not self._listening:
            poll.poll(pause)
            return
        poll.register(self._exchange.watch(), select.POLLIN)
        try:
            if not self._exchange.ready():
                poll.poll(pause)
        finally:
            self._exchange.unwatch()

    def alive(self) -> bool:
        """Whether it, and who is between us, has not ended."""
        return self._watch.alive()

    def hear(self, now: float) -> bytes | None:
        """Its next command, if there is one."""
        if self._redial_at is not None:
            self._redial(now)
        elif self._listening and self._exchange.ready():
            try:
                frame = self._exchange.recv()
            except ChannelResetError:
                self._cut(now)
                raise
            self._asked = True
            return frame
        return None

    def answer(self, frame: bytes) -> None:
        """Answer the command."""
        self._asked = False
        try:
            self._exchange.send(frame)
        except (ChannelResetError, ConnectError) as error:
            self._cut(time.monotonic())
            raise ChannelResetError(str(error)) from None

    def close(self) -> None:
        """Leave the host."""
        self._exchange.close()

    def forget(self) -> None:
        """Let go of the descriptors; in a forked worker, where the channel closed itself."""
        self._watch.close()

    @property
    def _listening(self) -> bool:
        return self._redial_at is None and not self._asked

    def _cut(self, now: float) -> None:
        self._report("WARNING", "the control channel was cut")
        self._redial_at = now
        self._asked = False

    def _redial(self, now: float) -> None:
        """Shake hands again, unless the host is only just coming back, or is ending."""
        assert self._redial_at is not None
        if now < self._redial_at:
            return
        try:
            self._exchange.send(HANDSHAKE, timeout=0.0)
        except (ConnectError, ChannelResetError):
            self._redial_at = now + REDIAL
        else:
            self._redial_at = None
