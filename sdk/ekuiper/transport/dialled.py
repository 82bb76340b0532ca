"""The channels that dial: REQ and PUSH."""

import logging
import os
import socket
import time
from collections.abc import Callable

from ekuiper.errors import (
    ChannelClosedError,
    ChannelResetError,
    ChannelStateError,
    ChannelTimeoutError,
    ConnectError,
)
from ekuiper.transport import Peer
from ekuiper.transport.channel import SocketChannel
from ekuiper.transport.connection import Connection, remaining, until
from ekuiper.transport.sp import (
    PULL,
    PUSH,
    REP,
    REQ,
    frame_head,
    next_request_id,
    request_head,
)
from ekuiper.transport.unix import check_user, peer_of

__all__ = ["Connect", "Push", "Req"]

Connect = Callable[[], socket.socket]
"""Makes one attempt to reach the listener, at once; raises `OSError`."""

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 1.0
_SHORT_LIFE = 1.0  # a connection lost sooner is not dialled anew at once
_LARGE = 1 << 20  # hosts before 2.0 cut the connection at a message of more
_CUTS = 3


class _Dialled(SocketChannel):
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
            peer = peer_of(sock)
            check_user(peer)
            connection = Connection(sock, peer, self._expected)
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


class Req(_Dialled):
    """REQ: asks, one request at a time."""

    def __init__(self, url: str, connect: Connect) -> None:
        super().__init__(url, connect, (REQ, REP))
        self._id = int.from_bytes(os.urandom(4), "big")
        self._waiting = False
        self._reply: bytes | None = None

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send a request; one under way is cancelled."""
        deadline = until(timeout)
        self._enter()
        try:
            self._waiting = False
            self._reply = None
            self._shine(False)
            connection = self._connection or self._dial(deadline)
            self._id = next_request_id(self._id)
            if not self._write(connection, request_head(self._id, len(data)), data, deadline):
                raise self._reset()
            self._waiting = True
        finally:
            self._leave()

    def recv(self, timeout: float | None = None) -> bytes:
        """The reply to the request under way."""
        deadline = until(timeout)
        self._enter()
        try:
            if not self._waiting:
                raise ChannelStateError(f"{self.url}: recv without a request under way")
            while self._reply is None:
                connection = self._connection
                if connection is None:
                    self._waiting = False
                    raise self._reset()
                try:
                    self._take(connection, connection.read(deadline))
                except ChannelTimeoutError:
                    self._check_open()
                    raise ChannelTimeoutError(f"{self.url}: no reply in time") from None
            reply = self._reply
            self._reply = None
            self._waiting = False
            return reply
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            while self._waiting and self._reply is None and self._connection:
                data = self._connection.try_read()
                if data is None:
                    return False
                self._take(self._connection, data)
            if self._waiting:
                self._shine(True)
            return True
        except ChannelClosedError:
            return True
        finally:
            self._leave()

    def _take(self, connection: Connection, data: bytes) -> None:
        """Look for the reply in what was read; replies to cancelled requests are dropped."""
        decoder = connection.decoder
        request_id = self._id.to_bytes(4, "big")
        for frame in decoder.feed(data):
            if self._reply is None and frame.startswith(request_id):
                self._reply = frame[4:]
        if not data or decoder.fault:
            self._lose(connection)
            self._check_open()

    def _reset(self) -> ChannelResetError:
        return ChannelResetError(
            f"{self.url}: the connection was lost and the request with it; send again to dial anew"
        )


class Push(_Dialled):
    """PUSH: sends to one listener."""

    def __init__(self, url: str, connect: Connect) -> None:
        super().__init__(url, connect, (PUSH, PULL))

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send one message, wholly or not at all."""
        deadline = until(timeout)
        self._enter_when_free(deadline)
        try:
            cuts = 0
            while not self._try_send(data, deadline):
                cuts += 1
                if cuts == _CUTS and len(data) > _LARGE:
                    raise ChannelResetError(
                        f"{self.url}: the listener cut the connection {_CUTS} times at a message "
                        f"of {len(data)} bytes; hosts before 2.0 take no more than {_LARGE}"
                    )
        finally:
            self._leave()

    def _try_send(self, data: bytes, deadline: float | None) -> bool:
        try:
            connection = self._connection or self._dial(deadline)
        except ConnectError as error:
            raise ChannelTimeoutError(f"{self.url}: not taken in time: {error.reason}") from None
        if not connection.decoder.greeted and not self._hear(connection):
            return False
        return self._write(connection, frame_head(len(data)), data, deadline)

    def _hear(self, connection: Connection) -> bool:
        """Look whether the greeting came; False when it is wrong or the connection is lost."""
        data = connection.try_read(exact=True)
        if data is None:
            return True  # not yet: a listener may be slow to look, and that is no harm
        connection.decoder.feed(data)
        if data and not connection.decoder.fault:
            return True
        self._lose(connection)
        self._check_open()
        return False
