"""Channels over unix sockets with SP framing: the peer may be nng, mangos or this package."""

from ekuiper.transport.dialled import Push, Req
from ekuiper.transport.listening import Pull, Rep
from ekuiper.transport.unix import UnixDoor, connect, path_of

__all__ = ["IpcTransport"]


class IpcTransport:
    """`ipc://` channels without dependencies or threads.

    A listener lets newcomers in while somebody is inside its `recv`, `ready` or `wait`. It cuts
    the connection of a peer whose message has more than `longest` bytes (None: any length).
    """

    def __init__(self, longest: int | None = None) -> None:
        self._longest = longest

    def req(self, url: str, timeout: float = 0.0) -> Req:
        """Dial a REP."""
        path = path_of(url)
        exchange = Req(url, lambda: connect(path))
        exchange.open(timeout)
        return exchange

    def push(self, url: str, timeout: float = 0.0) -> Push:
        """Dial a PULL."""
        path = path_of(url)
        outbox = Push(url, lambda: connect(path))
        outbox.open(timeout)
        return outbox

    def pull(self, url: str) -> Pull:
        """Listen for PUSH peers; up to two seconds are waited for a listener before us to go."""
        return Pull(url, UnixDoor(url), self._longest)

    def rep(self, url: str) -> Rep:
        """Listen for REQ peers, like `pull`."""
        return Rep(url, UnixDoor(url), self._longest)
