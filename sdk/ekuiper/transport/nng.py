"""The same channels by pynng, for those who want nng's own sockets under their plugin.

nng works in threads of its own, which do not survive a fork: open these channels after it. What
differs from ipc: a forked child keeps copies of nng's descriptors; a listener's file is open to
others for a moment, though they are refused; a message whose connection was lost right after it was
written may be sent twice by PUSH; and one that it gives up, since its time is over, may arrive.
"""

import select
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import (
    ChannelClosedError,
    ChannelResetError,
    ChannelStateError,
    ChannelTimeoutError,
    ConnectError,
    TransportError,
)
from . import Pace, Peer
from .ceded import Ceded
from .connection import until
from .conversing import converse
from .keeper import Keeper
from .nngchannel import NngChannel
from .push import check_cuts
from .unix import path_of

__all__ = ["NngTransport"]

_Kind = TypeVar("_Kind", bound=NngChannel)


class NngTransport:
    """`ipc://` channels by nng. Raises `ImportError` without pynng."""

    def __init__(self) -> None:
        import pynng

        self._pynng = pynng

    def req(self, url: str, timeout: float = 0.0, ceded: Ceded | None = None) -> "_Req":
        """Dial a REP."""
        exchange = self._open(_Req, url, self._pynng.Req0, resend_time=0)
        exchange.dial(timeout)
        return exchange

    def push(
        self,
        url: str,
        timeout: float = 0.0,
        ceded: Ceded | None = None,
        keeper: Keeper | None = None,
    ) -> "_Push":
        """Dial a PULL; nng cedes and keeps nothing."""
        outbox = self._open(_Push, url, self._pynng.Push0)
        outbox.dial(timeout)
        return outbox

    def pull(self, url: str, ceded: Ceded | None = None, keeper: Keeper | None = None) -> "_Pull":
        """Listen for PUSH peers."""
        inbox = self._open(_Pull, url, self._pynng.Pull0)
        inbox.listen()
        return inbox

    def rep(self, url: str) -> "_Rep":
        """Listen for REQ peers."""
        exchange = self._open(_Rep, url, self._pynng.Rep0)
        exchange.listen()
        return exchange

    def _open(self, kind: type[_Kind], url: str, sock: Any, **options: int) -> _Kind:
        path = path_of(url)
        try:
            channel = kind(url, path, self._pynng, sock(**options))
            try:
                channel.prepare()
            except BaseException:
                channel.close()
                raise
        except (OSError, self._pynng.NNGException) as error:
            raise TransportError(f"{url}: cannot be opened: {error}") from None
        return channel


class _Req(NngChannel):
    """REQ."""

    waiting = False

    def finish(self) -> None:
        """Close it, even while something that was received waits for `send`."""
        self.close()

    def wake(self, interrupt: Callable[[], None]) -> None:
        """Nobody stays in `recv` after `close`."""

    def __init__(self, url: str, path: bytes, pynng: Any, sock: Any) -> None:
        super().__init__(url, path, pynng, sock)
        self._waiting = False
        self._reply: bytes | ChannelResetError | None = None
        self._used: int | None = None  # the connection of the last message either way

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send a request; one under way is cancelled."""
        deadline = until(timeout)
        self._enter()
        try:
            self._waiting = False
            self._reply = None
            used, self._used = self._used, None
            if used is not None and used not in self._peers:
                raise self._error(self._pynng.ConnectionReset("", 0))
            try:
                self._hand_over(data, deadline)
            except ChannelTimeoutError:
                if self._nng.pipes:
                    raise
                raise ConnectError(self.url, 1, "nobody listens there") from None
            self._used = next(iter(self._peers), None)
            self._waiting = True
        finally:
            self._leave()

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The reply to the request under way."""
        deadline = until(timeout)
        self._enter()
        try:
            if not self._waiting:
                raise ChannelStateError(f"{self.url}: recv without a request under way")
            self._find(deadline)
            reply, self._reply = self._reply, None
            self._waiting = False
            if isinstance(reply, ChannelResetError):
                self._used = None
                raise reply
            assert reply is not None
            return reply
        finally:
            self._leave()

    def converse(self, respond: Callable[[bytes], bytes], pace: Pace) -> None:
        """`recv`, and `send` what `respond` makes of it, until one of them raises."""
        converse(self, respond, pace)

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            if self._waiting:
                self._find(0.0)
        except ChannelTimeoutError:
            return False
        except ChannelClosedError:
            pass
        finally:
            self._leave()
        return True

    def _find(self, deadline: float | None) -> None:
        if self._reply is None:
            try:
                self._reply = self._receive(deadline).bytes
            except ChannelResetError as error:
                self._reply = error

    def _holds_message(self) -> bool:
        return self._reply is not None


class _Push(NngChannel):
    """PUSH."""

    receives = False

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send one message, wholly or not at all."""
        deadline = until(timeout)
        self._enter_when_free(deadline)
        try:
            cuts = 0
            while not self._try_send(data, deadline):
                cuts += 1
                check_cuts(self.url, cuts, len(data))
        finally:
            self._leave()

    def _try_send(self, data: bytes, deadline: float | None) -> bool:
        """Whether the message was written before its connection was lost."""
        self._hand_over(data, deadline)
        used = next(iter(self._peers), None)
        while used in self._peers:
            if _readable(self._nng.send_fd):
                return True
            try:
                self._await(self._nng.send_fd, deadline)
            except ChannelTimeoutError:
                if _readable(self._nng.send_fd):
                    return True  # just now
                for pipe in self._nng.pipes:
                    pipe.close()  # the message goes with it
                raise
        return False


class _Pull(NngChannel):
    """PULL."""

    def recv(self, timeout: float | None = None) -> bytes:
        """The next message of any peer."""
        deadline = until(timeout)
        self._enter_when_free(deadline)
        try:
            data: bytes = self._receive(deadline).bytes
            return data
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        if self._closed:
            return True
        if not self._turn.acquire(False):
            return False
        try:
            return self._peek()
        finally:
            self._leave()

    def _peek(self) -> bool:
        return self._closed or _readable(self._nng.recv_fd)


class _Rep(_Pull):
    """REP."""

    _peer: Peer | None = None
    _owes = False

    @property
    def peer(self) -> Peer | None:
        """Who sent the last request; None before the first."""
        return self._peer

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The next request of any peer; the one before need not be answered any more."""
        deadline = until(timeout)
        self._enter()
        try:
            message = self._receive(deadline)
            self._owes = True
            self._peer = self._peers.get(message.pipe.id) if message.pipe else None
            data: bytes = message.bytes
            return data
        finally:
            self._leave()

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Answer the last request; dropped if whoever asked has gone."""
        deadline = until(timeout)
        self._enter()
        try:
            if not self._owes:
                raise ChannelStateError(f"{self.url}: send without a request to answer")
            # Told to send while the answer before is still on its way, nng would drop this one.
            while not _readable(self._nng.send_fd):
                self._await(self._nng.send_fd, deadline)
            self._owes = False
            self._hand_over(data, deadline)
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            return self._peek()
        finally:
            self._leave()


def _readable(number: int) -> bool:
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
