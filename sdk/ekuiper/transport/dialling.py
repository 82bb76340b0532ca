"""What the channels that dial share, REQ and PUSH: getting a connection, and losing it."""

import _socket as socket
import time
from collections.abc import Callable

from ..errors import ChannelTimeoutError, ConnectError
from ..typed import TypeVar
from . import Peer
from .ceded import Ceded
from .channel import SocketChannel
from .connection import Connection, remaining, until
from .unix import peer_of

__all__ = ["FIRST_PAUSE", "LONGEST_PAUSE", "Connect", "Dialling", "keep_trying"]

Connect = Callable[[], socket.socket]
"""Makes one attempt to reach the listener, at once; raises `OSError`."""

_Made = TypeVar("_Made")
FIRST_PAUSE = 0.01
"""Seconds between the first two attempts to dial."""

LONGEST_PAUSE = 1.0
"""Seconds that the pauses double up to."""

_SHORT_LIFE = 1.0  # a connection lost sooner is not dialled anew at once


def keep_trying(
    url: str, attempt: Callable[[], _Made], deadline: float | None, pause: Callable[[float], None]
) -> _Made:
    """What `attempt` returns once it raises no `OSError`; `ConnectError` when the deadline came."""
    attempts = 0
    seconds = FIRST_PAUSE
    while True:
        attempts += 1
        try:
            return attempt()
        except OSError as error:
            reason = error.strerror or str(error)
        left = remaining(deadline)
        if left == 0:
            raise ConnectError(url, attempts, reason)
        pause(seconds if left is None else min(seconds, left))
        seconds = min(seconds * 2, LONGEST_PAUSE)


class Dialling(SocketChannel):
    """At most one connection, dialled when there is none."""

    def __init__(self, url: str, connect: Connect, protocols: tuple[int, int]) -> None:
        super().__init__(url)
        self._connect = connect
        self._protocol, self._expected = protocols
        self._connection: Connection | None = None
        self._pause_next = 0.0  # before the next attempt
        self._born = 0.0

    @property
    def peer(self) -> Peer | None:
        """Who is at the other end; None while the connection is lost."""
        connection = self._connection
        return connection.peer if connection else None

    def open(self, timeout: float) -> None:
        """Dial for the first time."""
        try:
            self._dial(until(timeout))
        except BaseException:
            self.close()
            raise

    def _continue(self, ceded: Ceded) -> None:
        """Go on with the connection that another process ceded."""
        sock = socket.socket(fileno=ceded.connections[0])
        try:
            connection = Connection(sock, peer_of(sock), self._expected)
        except OSError:
            sock.close()  # it has gone: dialled again when there is something to send
            return
        connection.decoder.feed(ceded.unread[0])
        self._connection = self._admit(connection)
        self._born = time.monotonic()

    def _dial(self, deadline: float | None) -> Connection:
        left = remaining(deadline)
        if self._pause_next:
            self._pause(self._pause_next if left is None else min(self._pause_next, left))
        self._pause_next = min(max(self._pause_next * 2, FIRST_PAUSE), LONGEST_PAUSE)
        return keep_trying(self.url, self._attempt, deadline, self._pause)

    def _attempt(self) -> Connection:
        sock = self._connect()
        try:
            connection = Connection(sock, peer_of(sock), self._expected)
            connection.greet(self._protocol)
        except BaseException:
            sock.close()
            raise
        self._connection = self._admit(connection)
        self._born = time.monotonic()
        return connection

    def _lose(self, connection: Connection) -> None:
        """Drop a connection that is lost; one that was short-lived is not dialled anew at once."""
        self._connection = None
        self._drop(connection)
        if time.monotonic() - self._born > _SHORT_LIFE:
            self._pause_next = 0.0
        if connection.decoder.fault:
            import logging  # a supervisor, which shall shake hands at once, needs it for no more

            logging.getLogger(__name__).warning(
                "%s: connection dropped: got %s", self.url, connection.decoder.fault
            )

    def _write(self, connection: Connection, head: bytes, body: bytes, end: float | None) -> bool:
        """Whether all was written; False when the connection is lost, which drops it."""
        try:
            connection.write(head, body, end)
        except ChannelTimeoutError:
            if connection.torn:
                self._lose(connection)
            raise ChannelTimeoutError(f"{self.url}: the other end took nothing in time") from None
        except OSError:
            self._lose(connection)
            self._check_open()
            return False
        except BaseException:  # a signal handler raised: who knows how much was written
            self._lose(connection)
            raise
        return True
