"""What the channels that listen share, PULL and REP: letting peers in, and dropping them."""

import _socket as socket
import logging
import time

from ..errors import ChannelClosedError, ListenError
from .channel import Beacon, SocketChannel
from .connection import Connection, remaining
from .doorman import Door, Doorman
from .unix import peer_of

__all__ = ["Listening"]

_log = logging.getLogger(__name__)
_GREETING_PATIENCE = 10.0
_ACCEPT_PAUSE = 0.1  # when the process has no descriptor left
_ACCEPTED_AT_ONCE = 16


class Listening(SocketChannel):
    """Any number of connections, let in while somebody receives, or by a doorman."""

    def __init__(
        self, url: str, door: Door, protocols: tuple[int, int], longest: int | None
    ) -> None:
        super().__init__(url)
        self._longest = longest
        self._door = door
        self._protocol, self._expected = protocols
        self._strangers: dict[Connection, float] = {}  # without a greeting, and until when
        self._reopen: float | None = None  # when newcomers are looked at again
        self._doorman: Doorman | None = None
        self._doorman_stays = False
        try:
            self._beacon = Beacon()
            self._eyes = self._beacon.eyes
            self._eyes.add(door, door)
        except OSError as error:
            self.close()
            raise ListenError(url, error.strerror or str(error)) from None

    def post_doorman(self, stays: bool) -> None:
        """Let peers in from now on: until somebody receives, or at all times.

        Before anything else is done with the channel.
        """
        self._doorman_stays = stays
        name = f"doorman {self.url}"
        try:
            doorman = Doorman(name, self._door, self._open_door, self.unwatch)
        except OSError as error:
            self.close()
            raise ListenError(self.url, error.strerror or str(error)) from None
        self._eyes.remove(self._door)
        self._watchers += 1  # the doorman needs the descriptors until he has left
        self._doorman = doorman
        doorman.start()

    def _open_door(self) -> None:
        try:
            if not self._let_in():
                self._pause(_ACCEPT_PAUSE)
        except ChannelClosedError:
            pass  # he is being dismissed

    def _relieve(self) -> None:
        """Take over from the doorman; needs the turn."""
        if self._doorman is not None and not self._doorman_stays:
            self._send_doorman_away()
            self._eyes.add(self._door, self._door)

    def _send_doorman_away(self) -> None:
        with self._gate:
            self._check_open()
            doorman, self._doorman = self._doorman, None
            if doorman is not None:
                doorman.dismiss()
        if doorman is not None:
            doorman.join()

    def _talking(self, deadline: float | None) -> list[Connection]:
        """Wait for connections with something to read; on the way newcomers are let in."""
        patience = None if deadline is None else remaining(deadline)
        if self._strangers or self._reopen is not None:
            patience = self._attend(patience)
        talking = []
        for found in self._eyes.look(patience):
            if isinstance(found, Connection):
                talking.append(found)
            elif found is self._door and not self._let_in():
                # Newcomers stay where they are: to look again at once would spin.
                self._eyes.remove(self._door)
                self._reopen = time.monotonic() + _ACCEPT_PAUSE
        if self._closed:
            raise self._closed_error()
        return talking

    def _attend(self, patience: float | None) -> float | None:
        """Do what is due; the seconds until something will be, at most `patience`."""
        now = time.monotonic()
        for connection, end in list(self._strangers.items()):
            if end <= now and not connection.has_input():  # else it is we who were late
                self._refuse(connection, f"no greeting within {_GREETING_PATIENCE:g} s")
        if self._reopen is not None and self._reopen <= now:
            self._reopen = None
            self._eyes.add(self._door, self._door)
        moments = list(self._strangers.values())
        if self._reopen is not None:
            moments.append(self._reopen)
        if patience is not None:
            moments.append(now + patience)
        return max(min(moments) - now, 0.0) if moments else None

    def _let_in(self) -> bool:
        """Admit who waits at the door; False when that takes descriptors there are none of."""
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock = self._door.accept()
            except BlockingIOError:
                break
            except ConnectionAbortedError:  # pragma: no cover - not on Linux
                continue
            except OSError as error:
                self._check_open()
                _log.warning("%s: cannot let peers in: %s", self.url, error.strerror)
                return False
            self._greet(sock)
        return True

    def _greet(self, sock: socket.socket) -> None:
        try:
            peer = peer_of(sock)
        except OSError as error:
            sock.close()
            _log.warning("%s: connection refused: %s", self.url, error.strerror)
            return
        connection = Connection(sock, peer, self._expected, self._longest)
        try:
            connection.greet(self._protocol)
        except OSError:
            pass  # it has already gone, perhaps after sending: what it left is read all the same
        # Once admitted it may be read and answered by the owner's thread while this one goes on.
        self._strangers[connection] = time.monotonic() + _GREETING_PATIENCE
        self._admit(connection)

    def _resume(self, fd: int, unread: bytes) -> None:
        """Go on with the connection of another process, which has greeted."""
        sock = socket.socket(fileno=fd)
        try:
            peer = peer_of(sock)
        except OSError:
            peer = None  # it has gone, but not what it sent
        connection = Connection(sock, peer, self._expected, self._longest)
        connection.decoder.feed(unread)
        if not connection.decoder.greeted:
            self._strangers[connection] = time.monotonic() + _GREETING_PATIENCE
        self._admit(connection)

    def _read(self, connection: Connection, exact: bool = False) -> list[bytes] | None:
        """The messages completed by one read; None when there was nothing to read."""
        data = connection.try_read(exact)
        if data is None:
            return None
        decoder = connection.decoder
        frames = decoder.feed(data)
        if decoder.greeted:
            self._strangers.pop(connection, None)
        if decoder.fault:
            self._refuse(connection, f"got {decoder.fault}")
        elif not data:
            self._part(connection)
        return frames

    def _refuse(self, connection: Connection, reason: str) -> None:
        _log.warning("%s: connection dropped: %s (%s)", self.url, reason, connection.peer)
        self._part(connection)

    def _part(self, connection: Connection) -> None:
        self._strangers.pop(connection, None)
        self._drop(connection)

    def _shut(self) -> None:
        self._door.shut()
        if self._doorman is not None:
            self._doorman.dismiss()

    def _forget(self) -> None:
        super()._forget()
        if self._doorman is not None:
            self._doorman.forget()

    def _free(self) -> None:
        super()._free()
        self._door.close()
