"""The channels of ipc within one process: socket pairs, and names that only this object knows."""

import errno
import os
import socket
from collections import deque
from threading import Lock

from ..errors import ListenError
from .ceded import Ceded
from .keeper import Keeper
from .pull import Pull
from .push import Push
from .rep import Rep
from .req import Req

__all__ = ["MemoryTransport"]

_BACKLOG = 128


class MemoryTransport:
    """For tests: any text is an address, and nothing is left behind in the file system.

    Framing, blocking and errors are those of ipc, for it is the same code on socket pairs.
    """

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}

    def req(self, url: str, timeout: float = 0.0, ceded: Ceded | None = None) -> Req:
        """Dial a REP."""
        exchange = Req(url, lambda: self._connect(url))
        exchange.open(timeout)
        return exchange

    def push(
        self,
        url: str,
        timeout: float = 0.0,
        ceded: Ceded | None = None,
        keeper: Keeper | None = None,
    ) -> Push:
        """Dial a PULL; nothing is ever ceded or kept within one process."""
        outbox = Push(url, lambda: self._connect(url), patience=0.0)
        outbox.open(timeout)
        return outbox

    def pull(self, url: str, ceded: Ceded | None = None, keeper: Keeper | None = None) -> Pull:
        """Listen for PUSH peers."""
        return Pull(url, _Door(url, self._doors))

    def rep(self, url: str) -> Rep:
        """Listen for REQ peers."""
        return Rep(url, _Door(url, self._doors))

    def _connect(self, url: str) -> socket.socket:
        door = self._doors.get(url)
        if door is None:
            raise FileNotFoundError(errno.ENOENT, "nobody listens there")
        return door.knock()


class _Door:
    """Readable, like a listening socket, while somebody waits to be let in."""

    def __init__(self, url: str, doors: "dict[str, _Door]") -> None:
        self._url = url
        self._doors = doors
        self._lock = Lock()
        self._waiting: deque[socket.socket] = deque()
        self._bell, self._button = socket.socketpair()
        self._open = True
        if doors.setdefault(url, self) is not self:
            self.close()
            raise ListenError(url, "in use")

    def knock(self) -> socket.socket:
        """Our end of a new pair."""
        with self._lock:
            if not self._open:
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens there any more")
            if len(self._waiting) == _BACKLOG:
                raise BlockingIOError(errno.EAGAIN, "too many wait to be let in")
            ours, theirs = socket.socketpair()
            ours.setblocking(True)
            theirs.setblocking(True)
            self._waiting.append(theirs)
            self._button.send(b"!")
            return ours

    def fileno(self) -> int:
        return self._bell.fileno()

    def accept(self) -> socket.socket:
        with self._lock:
            if not self._waiting:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            self._bell.recv(1)
            return self._waiting.popleft()

    def cede(self) -> int:
        return -1

    def shut(self) -> None:
        with self._lock:
            self._open = False
            if self._doors.get(self._url) is self:
                del self._doors[self._url]
            for sock in self._waiting:
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for sock in (*self._waiting, self._bell, self._button):
            sock.close()
        self._waiting.clear()
