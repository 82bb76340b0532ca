"""What the channels that dial share, REQ and PUSH: getting a connection, and losing it."""

import logging
import socket
import time
from collections.abc import Callable

from ..errors import ChannelTimeoutError, ConnectError
from . import Peer
from .channel import SocketChannel
from .connection import Connection, remaining, until
from .unix import peer_of

__all__ = ["Connect", "Dialling"]

Connect = Callable[[], socket.socket]
"""Makes one attempt to reach the listener, at once; raises `OSError`."""

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 1.0
_SHORT_LIFE = 1.0  # a connection lost sooner is not dialled anew at once


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

    def _dial(self, deadline: float | None) -> Connection:
        attempts = 0
        while True:
            left = remaining(deadline)
            pause = self._pause_next if left is None else min(self._pause_next, left)
            if pause:
                self._pause(pause)
            self._pause_next = min(max(self._pause_next * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            attempts += 1
            try:
                return self._attempt()
            except OSError as error:
                reason = error.strerror or str(error)
            if remaining(deadline) == 0:
                raise ConnectError(self.url, attempts, reason)

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
            _log.warning("%s: connection dropped: got %s", self.url, connection.decoder.fault)

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
