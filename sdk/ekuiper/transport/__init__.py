"""Channels to the host: whole messages as bytes, over ipc sockets, nng, or within one process.

`ipc.IpcTransport`, `nng.NngTransport` and `memory.MemoryTransport` each offer the four channels
of the portable-plugin protocol. A channel knows nothing of what its messages mean.

Timeouts are seconds; None waits for ever and 0 only looks. Every channel may be closed from any
thread at any time: whoever is blocked in it gets `ChannelClosedError` at once, as does every later
call. A fork closes channels in the child, without a sign to the peer.
"""

import select
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from ..errors import ChannelClosedError
from ..typed import NamedTuple, Protocol, TypeVar
from .ceded import Ceded
from .keeper import Keeper

__all__ = [
    "Channel",
    "Exchange",
    "Inbox",
    "Outbox",
    "Pace",
    "Peer",
    "Receiver",
    "Request",
    "Transport",
    "wait",
]

_Self = TypeVar("_Self")


class Peer(NamedTuple):
    """The process at the other end."""

    pid: int
    uid: int


class Channel(Protocol):
    """What all channels have in common."""

    @property
    def url(self) -> str:
        """The address it was opened with."""

    def fileno(self) -> int:
        """A descriptor to poll for input; the same one until the channel is closed.

        For a channel that receives it is readable whenever `recv` would return a message or
        `ChannelResetError` at once, and sometimes when something else came: so call `recv(0)` or
        `ready()` then, not a `recv` that waits. For an `Outbox` it is readable at the latest when
        the listener has gone.
        """

    def close(self) -> None:
        """Close it. Idempotent, never blocks, for any thread and for signal handlers."""

    def __enter__(self: _Self) -> _Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Receiver(Channel, Protocol):
    """A channel that can be received from, and waited for with `wait`."""

    def recv(self, timeout: float | None = None) -> bytes:
        """The next message. Raises `ChannelTimeoutError` when none came in time."""

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once. Never blocks."""

    def watch(self) -> int:
        """Like `fileno`, but the number stays valid until `unwatch`, even after `close`."""

    def unwatch(self) -> None:
        """End what `watch` began."""


class Exchange(Receiver, Protocol):
    """REQ or REP: `send` and `recv` in turn, by one thread at a time (else `ChannelStateError`).

    REQ sends first. A second `send` cancels the request under way; nothing is ever sent twice.
    When the connection is lost, the request is gone and `recv`, or the `send` that noticed it,
    raises `ChannelResetError`; the next `send` dials again, for as long as its timeout allows, then
    raises `ConnectError`. A `recv` that timed out may be repeated.

    REP receives first. Its `recv` may be repeated, each takes the next request of any peer and
    forgets the one before; `send` answers the last one, once. An answer to a peer that has gone
    is dropped without an error.
    """

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The next message. Raises `ChannelTimeoutError` when none came in time.

        A REQ on our own sockets looks again and again for the first `spin` nanoseconds before it
        sleeps; the others sleep at once.
        """

    @property
    def peer(self) -> Peer | None:
        """Who is at the other end (REP: who sent the last request); None if there is nobody."""

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send one message; `ChannelTimeoutError` means that nothing of it was sent."""


class Pace(Protocol):
    """How the thread that is inside `Request.converse` waits for the next message."""

    def window(self) -> int:
        """About to wait: nanoseconds to look again and again for it, before it sleeps."""

    def release(self) -> None:
        """That is over; called if the window was not 0."""

    def answered(self, came: int, sent: int) -> None:
        """The answer is out to a message that came then, and when its sending began; both of
        `time.perf_counter_ns`."""


class Request(Exchange, Protocol):
    """REQ."""

    def converse(self, respond: Callable[[bytes], bytes], pace: Pace) -> None:
        """`recv`, and `send` what `respond` makes of it, again and again; what they or `respond`
        raise ends it. Another thread may call what it may call while one is inside `recv`."""

    @property
    def waiting(self) -> bool:
        """Whether a request is under way from the start, by another process."""

    def finish(self) -> None:
        """Receive no more, once nothing that was received waits for `send`, where that can be
        known; from any thread. Who is inside `recv` has to be woken until it leaves with
        `ChannelClosedError`; then call `cede`."""

    def wake(self, interrupt: Callable[[], None]) -> None:
        """Have `interrupt` send a signal, at which nothing is done, to the thread that is inside
        `recv`, if one may be."""

    def cede(self) -> Ceded | None:
        """As of an `Inbox`, for `Transport.req`, after `finish`: with the request under way."""


class Inbox(Receiver, Protocol):
    """PULL: messages of any number of peers, none of whom can keep the others waiting.

    Any thread may receive; each message goes to one of them. Of a peer that is lost in the middle
    of a message, the messages before it are received.
    """

    def cede(self) -> Ceded | None:
        """Close it without a sign to the peers, so that another process can go on with it: what
        `Transport.pull` takes there; None where that cannot be. Waits for whoever receives to
        leave, which gets `ChannelClosedError`."""


class Outbox(Channel, Protocol):
    """PUSH: messages to one listener. Any thread may send."""

    @property
    def peer(self) -> Peer | None:
        """Who listens; None while the connection is lost."""

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send one message; returns when all of it was taken, blocks while the listener is slow.

        If the connection is lost it is dialled again and the message sent anew, for as long as
        `timeout` allows. `ChannelTimeoutError` means that the message will never arrive.
        `ChannelResetError`: the listener cut the connection three times at this one large message
        (hosts before 2.0 refuse more than 1 MiB).
        """

    def cede(self) -> Ceded | None:
        """As of an `Inbox`, for `Transport.push`; waits until the message that is being sent is
        out. None if there is no connection."""


class Transport(Protocol):
    """One way to carry messages; opens channels."""

    def req(self, url: str, timeout: float = 0.0, ceded: Ceded | None = None) -> Request:
        """Dial a REP. Tries again, after 10 ms doubling to 1 s, until `timeout`; 0 tries once."""

    def push(
        self,
        url: str,
        timeout: float = 0.0,
        ceded: Ceded | None = None,
        keeper: Keeper | None = None,
    ) -> Outbox:
        """Dial a PULL, like `req`, or go on with the connection that another process `ceded`.
        A `keeper` is used by our own sockets alone."""

    def pull(self, url: str, ceded: Ceded | None = None, keeper: Keeper | None = None) -> Inbox:
        """Listen for PUSH peers, or go on with the ones of another process, that it `ceded`, or
        that died and whose sockets the `keeper` has."""

    def rep(self, url: str) -> Exchange:
        """Listen for REQ peers."""


_Waited = TypeVar("_Waited", bound=Receiver)


def wait(channels: Sequence[_Waited], timeout: float | None = None) -> list[_Waited]:
    """Those channels whose `recv` would return or raise at once; empty if `timeout` passed first.

    A channel that is closed meanwhile counts as ready.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    poll = select.poll()
    watched: list[_Waited] = []
    try:
        for channel in channels:
            try:
                poll.register(channel.watch(), select.POLLIN)
            except ChannelClosedError:
                return [channel for channel in channels if channel.ready()]
            watched.append(channel)
        while True:
            ready = [channel for channel in channels if channel.ready()]
            left = None if deadline is None else deadline - time.monotonic()
            if ready or (left is not None and left <= 0):
                return ready
            poll.poll(None if left is None else left * 1000)
    finally:
        for channel in watched:
            channel.unwatch()
