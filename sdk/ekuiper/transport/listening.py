"""What the channels that listen share, PULL and REP: letting peers in, and dropping them."""

import logging
import select
import selectors
import socket
import threading
import time
from typing import Protocol

from ..errors import ChannelClosedError
from .channel import Beacon, SocketChannel
from .connection import Connection, remaining
from .unix import peer_of

__all__ = ["Door", "Listening"]

_log = logging.getLogger(__name__)
_GREETING_PATIENCE = 10.0
_ACCEPT_PAUSE = 0.1  # when the process has no descriptor left
_ACCEPTED_AT_ONCE = 16


class Door(Protocol):
    """Where peers come in."""

    def fileno(self) -> int:
        """Readable when somebody wants in."""

    def accept(self) -> socket.socket:
        """The next one who wants in. Never blocks; raises `OSError`."""

    def shut(self) -> None:
        """Turn newcomers away; the descriptor stays."""

    def close(self) -> None:
        """Let go of the descriptor, and of nothing else."""


class Listening(SocketChannel):
    """Any number of connections, let in while somebody receives, or by a doorman until then.

    The doorman is a thread that lives until the first `recv` or `ready`. It is there for peers that
    dial before the owner of the channel has time for them and wait for our greeting, as nng and
    mangos do: eKuiper dials a sink right after its start was answered, and would hang until the
    sink's `open` returns.
    """

    def __init__(
        self, url: str, door: Door, protocols: tuple[int, int], longest: int | None
    ) -> None:
        super().__init__(url)
        self._longest = longest
        self._door = door
        self._protocol, self._expected = protocols
        self._strangers: dict[Connection, float] = {}  # without a greeting, and until when
        self._reopen: float | None = None  # when newcomers are looked at again
        self._doorman: threading.Thread | None = None
        try:
            self._eyes = self._beacon = Beacon()
            self._eyes.selector.register(door, selectors.EVENT_READ, door)
        except BaseException:
            door.shut()
            door.close()
            raise

    def post_doorman(self) -> None:
        """Let peers in from now on, not only while somebody receives."""
        self._watchers += 1  # until `_keep_door` ends: the descriptors it polls must stay
        name = f"doorman {self.url}"
        self._doorman = threading.Thread(target=self._keep_door, name=name, daemon=True)
        self._doorman.start()

    def _keep_door(self) -> None:
        poll = select.poll()
        poll.register(self._door, select.POLLIN)
        poll.register(self._eyes.lamp, select.POLLIN)
        lamp = self._eyes.lamp.fileno()
        try:
            while lamp not in dict(poll.poll()) and self._turn.acquire(False):
                try:
                    self._let_in()
                finally:
                    self._leave()
                if self._reopen is not None:
                    self._pause(_ACCEPT_PAUSE)
        except ChannelClosedError:
            pass
        finally:
            self.unwatch()

    def _enter(self) -> None:
        if self._doorman is None:
            super()._enter()
        else:
            self._enter_when_free(None)
            self._relieve()

    def _relieve(self) -> None:
        """Send the doorman away; needs the turn."""
        if self._doorman is not None:
            self._shine(True)
            self._doorman.join()
            self._doorman = None
            self._shine(self._holds_message())

    def _talking(self, deadline: float | None) -> list[Connection]:
        """Wait for connections with something to read; on the way newcomers are let in."""
        patience = remaining(deadline)
        if self._strangers or self._reopen is not None:
            patience = self._attend(patience)
        talking = []
        for key, _ in self._eyes.selector.select(patience):
            if isinstance(key.data, Connection):
                talking.append(key.data)
            elif key.data is self._door:
                self._let_in()
        self._check_open()
        return talking

    def _attend(self, patience: float | None) -> float:
        """Do what is due; the seconds until something will be, at most `patience`."""
        now = time.monotonic()
        for connection, end in list(self._strangers.items()):
            if end <= now:
                self._refuse(connection, f"no greeting within {_GREETING_PATIENCE:g} s")
        if self._reopen is not None and self._reopen <= now:
            self._reopen = None
            self._eyes.selector.register(self._door, selectors.EVENT_READ, self._door)
        moments = list(self._strangers.values())
        if self._reopen is not None:
            moments.append(self._reopen)
        if patience is not None:
            moments.append(now + patience)
        return max(min(moments) - now, 0.0)

    def _let_in(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock = self._door.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:  # pragma: no cover - not on Linux
                continue
            except OSError as error:
                if not self._closed:
                    self._look_away(error)
                return
            self._greet(sock)

    def _look_away(self, error: OSError) -> None:
        """Leave newcomers where they are: out of descriptors, looking again at once would spin."""
        if self._reopen is None:
            _log.warning("%s: cannot let peers in, trying again: %s", self.url, error.strerror)
            self._eyes.selector.unregister(self._door)
        self._reopen = time.monotonic() + _ACCEPT_PAUSE

    def _greet(self, sock: socket.socket) -> None:
        try:
            peer = peer_of(sock)
        except OSError as error:
            sock.close()
            _log.warning("%s: connection refused: %s", self.url, error.strerror)
            return
        connection = self._admit(Connection(sock, peer, self._expected, self._longest))
        self._strangers[connection] = time.monotonic() + _GREETING_PATIENCE
        try:
            connection.greet(self._protocol)
        except OSError:
            pass  # it has already gone, perhaps after sending: what it left is read all the same

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

    def _free(self) -> None:
        super()._free()
        self._door.close()
