"""Channels over unix sockets with SP framing: the peer may be nng, mangos or this package."""

from .ceded import Ceded
from .keeper import Keeper
from .pull import Pull
from .push import Push
from .rep import Rep
from .req import Req
from .unix import UnixDoor, connect, path_of

__all__ = ["IpcTransport"]


class IpcTransport:
    """`ipc://` channels without dependencies.

    A listener cuts the connection of a peer whose message has more than `longest` bytes (None: any
    length), the id of a request included. A thread lets its peers in until it is first received
    from; with `attended` at all times, as nng and mangos do, for peers that wait to be let in.
    """

    def __init__(self, longest: int | None = None, *, attended: bool = False) -> None:
        self._longest = longest
        self._attended = attended

    def req(self, url: str, timeout: float = 0.0, ceded: Ceded | None = None) -> Req:
        """Dial a REP."""
        path = path_of(url)
        exchange = Req(url, lambda: connect(path))
        if ceded is not None:
            exchange.resume(ceded)
        else:
            exchange.open(timeout)
        return exchange

    def push(
        self,
        url: str,
        timeout: float = 0.0,
        ceded: Ceded | None = None,
        keeper: Keeper | None = None,
    ) -> Push:
        """Dial a PULL."""
        path = path_of(url)
        outbox = Push(url, lambda: connect(path), keeper=keeper)
        if ceded is not None:
            outbox.resume(ceded)
        else:
            outbox.open(timeout)
        return outbox

    def pull(self, url: str, ceded: Ceded | None = None, keeper: Keeper | None = None) -> Pull:
        """Listen for PUSH peers; up to two seconds are waited for a listener before us to go."""
        if ceded is None and keeper is not None:
            ceded = keeper.kept()
        door = UnixDoor(url, -1 if ceded is None else ceded.door)
        inbox = Pull(url, door, self._longest, keeper)
        if ceded is not None:
            inbox.resume(ceded)
        inbox.keep()
        inbox.post_doorman(self._attended)
        return inbox

    def rep(self, url: str) -> Rep:
        """Listen for REQ peers, like `pull`."""
        exchange = Rep(url, UnixDoor(url), self._longest)
        exchange.post_doorman(self._attended)
        return exchange
