"""The channels that listen: PULL and REP."""

import logging
import selectors
import socket
import time
from collections import deque
from typing import Protocol

from ekuiper.errors import ChannelClosedError, ChannelStateError, ChannelTimeoutError
from ekuiper.transport import Peer
from ekuiper.transport.channel import Beacon, SocketChannel
from ekuiper.transport.connection import Connection, remaining, until
from ekuiper.transport.sp import PULL, PUSH, REP, REQ, frame_head, split_request
from ekuiper.transport.unix import check_user, peer_of

__all__ = ["Door", "Pull", "Rep"]

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


class _Listening(SocketChannel):
    """Any number of connections, let in while somebody receives."""

    def __init__(
        self, url: str, door: Door, protocols: tuple[int, int], longest: int | None
    ) -> None:
        super().__init__(url)
        self._longest = longest
        self._door = door
        self._protocol, self._expected = protocols
        self._strangers: dict[Connection, float] = {}  # without a greeting, and until when
        self._reopen: float | None = None  # when newcomers are looked at again
        try:
            self._eyes = self._beacon = Beacon()
            self._eyes.selector.register(door, selectors.EVENT_READ, door)
        except BaseException:
            door.shut()
            door.close()
            raise

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
        _log.warning("%s: cannot accept a connection, trying again: %s", self.url, error.strerror)
        self._reopen = time.monotonic() + _ACCEPT_PAUSE
        self._eyes.selector.unregister(self._door)

    def _greet(self, sock: socket.socket) -> None:
        peer = peer_of(sock)
        try:
            check_user(peer)
        except PermissionError as error:
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


class Pull(_Listening):
    """PULL: receives from many."""

    def __init__(self, url: str, door: Door, longest: int | None = None) -> None:
        super().__init__(url, door, (PULL, PUSH), longest)
        self._messages: deque[bytes] = deque()

    def recv(self, timeout: float | None = None) -> bytes:
        """The next message of any peer."""
        deadline = until(timeout)
        self._enter_when_free(deadline)
        try:
            while not self._messages:
                if not self._gather(deadline) and remaining(deadline) == 0:
                    raise ChannelTimeoutError(f"{self.url}: no message in time")
            message = self._messages.popleft()
            if not self._messages:
                self._shine(False)
            return message
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        if self._closed:
            return True
        if not self._turn.acquire(False):
            return False
        try:
            return bool(self._messages) or self._gather(0.0)
        except ChannelClosedError:
            return True
        finally:
            self._leave()

    def _gather(self, deadline: float | None) -> bool:
        """Read once from every peer that says something, so that none is left behind."""
        for connection in self._talking(deadline):
            self._messages.extend(self._read(connection) or ())
        if self._messages:
            self._shine(True)
        return bool(self._messages)


class Rep(_Listening):
    """REP: answers. The next request of a peer stays in its socket until it is received."""

    def __init__(self, url: str, door: Door, longest: int | None = None) -> None:
        super().__init__(url, door, (REP, REQ), longest)
        self._asker: Connection | None = None  # sent the last request, still to be answered
        self._backtrace = b""
        self._peer: Peer | None = None
        self._next: tuple[Connection, bytes, bytes] | None = None  # found, but not yet received
        self._rounds = 0

    @property
    def peer(self) -> Peer | None:
        """Who sent the last request; None before the first."""
        return self._peer

    def recv(self, timeout: float | None = None) -> bytes:
        """The next request of any peer; the one before need not be answered any more."""
        deadline = until(timeout)
        self._enter()
        try:
            while self._next is None:
                self._find(deadline)
                if self._next is None and remaining(deadline) == 0:
                    raise ChannelTimeoutError(f"{self.url}: no request in time")
            self._asker, self._backtrace, payload = self._next
            self._peer = self._asker.peer
            self._next = None
            self._shine(False)
            return payload
        finally:
            self._leave()

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Answer the last request; dropped if whoever asked has gone."""
        deadline = until(timeout)
        self._enter()
        try:
            asker = self._asker
            if asker is None:
                raise ChannelStateError(f"{self.url}: send without a request to answer")
            if asker in self._connections:
                self._answer(asker, data, deadline)
            self._asker = None
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            if self._next is None:
                self._find(0.0)
            if self._next is not None:
                self._shine(True)
            return self._next is not None
        except ChannelClosedError:
            return True
        finally:
            self._leave()

    def _find(self, deadline: float | None) -> None:
        """Look for one request; who has waited longest for a turn comes first."""
        talking = self._talking(deadline)
        if len(talking) > 1:
            talking.sort(key=lambda connection: connection.served)
        for connection in talking:
            while (frames := self._read(connection, exact=True)) is not None:
                request = split_request(frames[0]) if frames else None
                if request is not None:
                    self._rounds += 1
                    connection.served = self._rounds
                    self._next = (connection, *request)
                    return
                if connection not in self._connections:
                    break

    def _answer(self, asker: Connection, data: bytes, deadline: float | None) -> None:
        head = frame_head(len(self._backtrace) + len(data)) + self._backtrace
        try:
            asker.write(head, data, deadline)
        except ChannelTimeoutError:
            if asker.torn:
                self._part(asker)
                self._asker = None
            raise ChannelTimeoutError(f"{self.url}: the asker took nothing in time") from None
        except OSError:
            self._part(asker)
            self._check_open()
        except BaseException:  # a signal handler raised: who knows how much was written
            self._part(asker)
            raise
