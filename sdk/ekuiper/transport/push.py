"""PUSH: sends to one listener."""

from ..errors import ChannelResetError, ChannelTimeoutError, ConnectError
from .ceded import Ceded
from .connection import Connection, until
from .dialling import Connect, Dialling
from .keeper import Keeper
from .sp import PULL, PUSH, frame_head

__all__ = ["Push", "check_cuts"]

_GREETING_PATIENCE = 0.5  # for a listener to greet us, before it is sent anything all the same
_ROOM = 1 << 18  # bytes the system may hold for a listener; it doubles that, if it allows it
_LARGE = 1 << 20  # hosts before 2.0 cut the connection at a message of more
_CUTS = 3


def check_cuts(url: str, cuts: int, size: int) -> None:
    """Raise `ChannelResetError` when a message was cut off so often that its size must be why."""
    if cuts >= _CUTS and size > _LARGE:
        raise ChannelResetError(
            f"{url}: the listener cut the connection {cuts} times at a message of {size} bytes; "
            f"hosts before 2.0 take no more than {_LARGE}"
        )


class Push(Dialling):
    """PUSH: sends to one listener.

    The first message waits for the listener's greeting, but not for long, as some listeners greet
    when they receive. It may be the wrong one, and even the right one throws away what was sent by
    a peer that had left before it was greeted.
    """

    def __init__(
        self,
        url: str,
        connect: Connect,
        patience: float = _GREETING_PATIENCE,
        keeper: Keeper | None = None,
    ) -> None:
        super().__init__(url, connect, (PUSH, PULL))
        self._patience = patience
        self._keeper = keeper
        self._put = self._write if keeper is None else self._pay

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send one message, wholly or not at all."""
        deadline = None if timeout is None else until(timeout)
        self._enter_when_free(deadline)
        try:
            head, cuts = frame_head(len(data)), 0
            while True:
                connection = self._connection
                if connection is None or not connection.decoder.greeted:
                    connection = self._reach(deadline)
                if connection is not None and self._put(connection, head, data, deadline):
                    return
                cuts += 1
                check_cuts(self.url, cuts, len(data))
        finally:
            self._leave()

    def cede(self) -> Ceded | None:
        """Close it, but let another process go on with its connection; None if it has none. Waits
        until the message that is being sent is out."""
        self._withdraw()
        try:
            connection, self._connection = self._connection, None
            if connection is None or connection.torn:
                return None
            fd, rest = connection.cede()
            self._connections.clear()
            return Ceded(-1, [fd], [rest])
        finally:
            self._release()

    def resume(self, ceded: Ceded) -> None:
        """Go on with what another process ceded, instead of `open`."""
        self._continue(ceded)

    def _attempt(self) -> Connection:
        connection = super()._attempt()
        connection.widen(_ROOM)  # a sender that waits is woken when three quarters are empty
        return connection

    def _reach(self, deadline: float | None) -> Connection | None:
        """A connection that may be written to; None if it was lost meanwhile."""
        try:
            connection = self._connection or self._dial(deadline)
        except ConnectError as error:
            raise ChannelTimeoutError(f"{self.url}: not taken in time: {error.reason}") from None
        heard = connection.decoder.greeted or self._hear(connection, deadline)
        return connection if heard else None

    def _pay(self, connection: Connection, head: bytes, body: bytes, end: float | None) -> bool:
        """Like `_write`, by the keeper."""
        assert self._keeper is not None
        try:
            self._keeper.pay(connection.fileno(), head + body)
        except OSError:
            self._lose(connection)
            self._check_open()
            return False
        return True

    def _hear(self, connection: Connection, deadline: float | None) -> bool:
        """Look whether the greeting came; False when it is wrong or the connection is lost."""
        end = self._born + self._patience
        try:
            data = connection.read(end if deadline is None else min(deadline, end), exact=True)
        except ChannelTimeoutError:
            return True
        connection.decoder.feed(data)
        if data and not connection.decoder.fault:
            return True
        self._lose(connection)
        self._check_open()
        return False
