"""What all channels on sockets share: taking turns, closing, forking, and being waited for.

The danger in closing from another thread is the descriptor: once it is closed its number may be
given to something else, and a thread on its way into `recv` would read there. So `close` only says
so and wakes: it shuts the sockets down and lights the beacon. The descriptors are closed when no
thread is inside any more, by whoever notices that last.
"""

import _socket as socket
import os
from _thread import RLock, allocate_lock
from _weakrefset import WeakSet  # `weakref` is larger than all that is here
from types import TracebackType

from ..errors import (
    ChannelClosedError,
    ChannelStateError,
    ChannelTimeoutError,
    TransportError,
)
from ..typed import TypeVar
from .connection import Connection, remaining
from .eyes import new_eyes

__all__ = ["Beacon", "SocketChannel"]

_Self = TypeVar("_Self", bound="SocketChannel")


class Beacon:
    """A descriptor that is readable while its light is on or a socket added to it has input."""

    def __init__(self) -> None:
        self.eyes = new_eyes()
        try:
            self.lamp, self._switch = socket.socketpair()
        except OSError:
            self.eyes.close()
            raise
        self._lit = False
        self.lamp.setblocking(False)
        self.eyes.add(self.lamp)

    def add(self, one: socket.socket | Connection) -> None:
        """It is readable when this is, from now on; `eyes` tell which."""
        self.eyes.add(one, one)

    def shine(self, on: bool) -> None:
        """Switch it on or off."""
        if on and not self._lit:
            self._switch.send(b"!")
        elif self._lit and not on:
            self.lamp.recv(1)
        self._lit = on

    def close(self) -> None:
        """Let go of the descriptors."""
        self.eyes.close()
        self.lamp.close()
        self._switch.close()


class SocketChannel:
    """A channel with its connections. `_turn` is held by the thread that sends or receives."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._turn = allocate_lock()
        self._gate = RLock()  # guards everything below; reentrant for signal handlers
        self._bell = allocate_lock()  # held until closed: what a pause waits for
        self._bell.acquire()
        self._closed = False
        self._watched = False  # somebody polls: the beacon has to tell of messages held here
        self._watchers = 0
        self._connections: set[Connection] = set()
        self._beacon: Beacon | None = None
        _channels.add(self)

    def fileno(self) -> int:
        """A descriptor to poll for input; the same one until the channel is closed."""
        self._check_open()  # before the gate, too: in a forked child nobody would open that
        with self._gate:
            self._check_open()
            if self._beacon is None:
                try:
                    self._beacon = Beacon()
                except OSError as error:
                    raise TransportError(f"{self.url}: cannot be polled: {error}") from None
                for connection in self._connections:
                    self._beacon.add(connection)
            if not self._watched:
                self._watched = True
                self._shine(self._holds_message())
            return self._beacon.eyes.fileno()

    def watch(self) -> int:
        """Like `fileno`, but the number stays valid until `unwatch`."""
        with self._gate:
            number = self.fileno()
            self._watchers += 1
            return number

    def unwatch(self) -> None:
        """End what `watch` began."""
        with self._gate:
            self._watchers -= 1
        self._settle()

    def close(self) -> None:
        """Close it: idempotent, never blocks, for any thread."""
        if self._closed:
            return
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._bell.release()
            for connection in self._connections:
                connection.shutdown()
            if self._beacon is not None:
                self._beacon.shine(True)
            self._shut()
        self._settle()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _enter(self) -> None:
        """Take the turn of an exchange, which nobody waits for."""
        if not self._turn.acquire(False):
            self._check_open()
            raise ChannelStateError(f"{self.url}: another thread is inside send or recv")
        if self._closed:
            self._leave()
            raise self._closed_error()

    def _enter_when_free(self, deadline: float | None) -> None:
        """Take the turn, waiting for the threads that came before."""
        if not self._turn.acquire(False):
            self._check_open()  # in a forked child nobody would give the turn back
            left = remaining(deadline)
            if not self._turn.acquire(True, -1 if left is None else left):
                raise ChannelTimeoutError(f"{self.url}: other threads kept it busy")
        if self._closed:
            self._leave()
            raise self._closed_error()

    def _leave(self) -> None:
        """Give the turn back."""
        if self._watched:
            self._shine(self._holds_message())
        self._turn.release()
        if self._closed:
            self._settle()

    def _holds_message(self) -> bool:
        """Whether a message was read that nobody has received yet."""
        return False

    def _pause(self, seconds: float) -> None:
        """Sleep, but not after `close`."""
        if self._bell.acquire(True, seconds):
            self._bell.release()
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise self._closed_error()

    def _closed_error(self) -> ChannelClosedError:
        return ChannelClosedError(f"{self.url}: the channel is closed")

    def _withdraw(self) -> None:
        """Be closed to everybody, without a sign to the peers, and take the turn; `_release` is
        next. Waits for whoever is inside."""
        with self._gate:
            self._check_open()
            self._watchers += 1  # nothing is freed meanwhile
            self._closed = True
            self._bell.release()
            if self._beacon is not None:
                self._beacon.shine(True)
        self._turn.acquire()

    def _release(self) -> None:
        """What was not taken since `_withdraw` is freed."""
        self._turn.release()
        self.unwatch()

    def _admit(self, connection: Connection) -> Connection:
        with self._gate:
            if self._closed:
                connection.close()
                raise self._closed_error()
            self._connections.add(connection)
            if self._beacon is not None:
                self._beacon.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        with self._gate:
            if connection in self._connections:
                self._connections.remove(connection)
                if self._beacon is not None:
                    self._beacon.eyes.remove(connection)
                connection.shutdown()  # a copy in a forked child must not keep it alive
                connection.close()

    def _shine(self, on: bool) -> None:
        """Light or dim the beacon; after `close` it stays lit."""
        with self._gate:
            if self._beacon is not None and not self._closed:
                self._beacon.shine(on)

    def _shut(self) -> None:
        """What else `close` does at once."""

    def _settle(self) -> None:
        """Free everything once closed and nobody is inside; whoever leaves last does it."""
        with self._gate:
            if self._closed and not self._watchers and self._turn.acquire(False):
                try:
                    self._free()
                finally:
                    self._turn.release()

    def _free(self) -> None:
        """Let go of every descriptor, and of nothing else: a forked child calls it too."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._beacon is not None:
            self._beacon.close()
            self._beacon = None

    def _forget(self) -> None:
        """Be closed, in a forked child, whatever threads that are no more were doing."""
        self._closed = True
        self._gate = RLock()
        self._free()


# A fork happens to a process, so what it must close is known per process.
_channels: "WeakSet[SocketChannel]" = WeakSet()


def _forget_all() -> None:
    for channel in list(_channels):
        channel._forget()


os.register_at_fork(after_in_child=_forget_all)
