"""One connected socket: timed reads and writes of bytes, and what was decoded of them."""

import _socket as socket
import select
import time
from struct import Struct

from ..errors import ChannelTimeoutError
from . import Peer
from .sp import Decoder, greeting

__all__ = ["Connection", "remaining", "until"]

_CHUNK = 65536  # bytes asked of one read: hundreds of small messages
_LARGE_CHUNK = 262144  # inside a large message; about what a socket holds
_TIMEVAL = Struct("ll")
_JOINED = 32768  # up to this many bytes a copy is cheaper than a second buffer

# Without it a program that restored SIGPIPE would be killed by a lost host.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_AT_ONCE = _NO_SIGNAL | socket.MSG_DONTWAIT


def until(timeout: float | None) -> float | None:
    """The moment at which `timeout` will have passed."""
    return None if timeout is None else time.monotonic() + timeout


def remaining(deadline: float | None) -> float | None:
    """The seconds left, at least 0."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.0)


class Connection:
    """One peer. For one thread at a time, but for `shutdown`."""

    __slots__ = ("_sock", "decoder", "peer", "served", "torn")

    def __init__(
        self, sock: socket.socket, peer: Peer | None, expected: int, longest: int | None = None
    ) -> None:
        self._sock = sock
        self.peer = peer
        self.decoder = Decoder(expected, longest)
        self.served = 0  # when its turn last was, where turns are taken
        self.torn = False  # part of a message was written: nothing may follow

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._sock.fileno()

    def greet(self, protocol: int) -> None:
        """Say which protocol this end speaks."""
        self._sock.send(greeting(protocol), _AT_ONCE)  # a fresh socket has room for it

    def widen(self, room: int) -> None:
        """Let the system hold up to `room` bytes that the peer has not read, as far as it does."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)

    def read(self, deadline: float | None, *, spin: int = 0, exact: bool = False) -> bytes:
        """Some bytes, b"" when the connection is lost; waits for them. `ChannelTimeoutError`.

        The first `spin` nanoseconds are spent looking, not sleeping. With `exact`, which needs a
        deadline, not a byte beyond the message they belong to.
        """
        if spin and (data := self._spin(spin)) is not None:
            return data
        if deadline is None:
            try:
                return self._sock.recv(_LARGE_CHUNK if self.decoder.missing else _CHUNK)
            except BlockingIOError:
                raise ChannelTimeoutError("cut short") from None  # by `hurry`
            except OSError:
                return b""
        while True:
            data = self.try_read(exact)
            if data is not None:
                return data
            if not self._poll(select.POLLIN, deadline):
                raise ChannelTimeoutError("nothing came in time")

    def has_input(self) -> bool:
        """Whether `try_read` would find bytes, or the end."""
        return self._poll(select.POLLIN, time.monotonic())

    def _spin(self, spin: int) -> bytes | None:
        recv, clock, at_once = self._sock.recv, time.perf_counter_ns, socket.MSG_DONTWAIT
        end = clock() + spin
        while True:
            try:
                return recv(_CHUNK, at_once)
            except BlockingIOError:
                if clock() > end:
                    return None
            except OSError:
                return b""

    def try_read(self, exact: bool = False) -> bytes | None:
        """Some bytes if there are any, b"" when the connection is lost, else None."""
        size = _LARGE_CHUNK if self.decoder.missing else _CHUNK
        if exact:
            size = min(size, self.decoder.wanted)
        try:
            return self._sock.recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def peek(self) -> bytes | None:
        """The next byte, which stays; b"" when the connection is lost, None if there is none."""
        try:
            return self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def write(self, head: bytes, body: bytes, deadline: float | None) -> None:
        """All of head and body. `ChannelTimeoutError`, `OSError` when the connection is lost.

        `torn` is set if it ended in the middle.
        """
        flags = _NO_SIGNAL if deadline is None else _AT_ONCE
        try:
            if len(body) <= _JOINED:
                sent = self._sock.send(head + body, flags)
            else:
                sent = self._sock.sendmsg((head, body), (), flags)
        except BlockingIOError:
            sent = 0
        if sent != len(head) + len(body):
            self._write_rest(head, body, sent, deadline)

    def _write_rest(self, head: bytes, body: bytes, sent: int, deadline: float | None) -> None:
        self.torn = sent > 0
        if sent >= len(head):
            rest = memoryview(body)[sent - len(head) :]
        else:
            rest = memoryview(head + body)[sent:]
        while rest:
            if not self._poll(select.POLLOUT, deadline):
                raise ChannelTimeoutError("the other end took nothing in time")
            try:
                rest = rest[self._sock.send(rest, _AT_ONCE) :]
                self.torn = True
            except BlockingIOError:
                pass
        self.torn = False

    def _poll(self, event: int, deadline: float | None) -> bool:
        poll = select.poll()
        poll.register(self._sock, event)
        left = remaining(deadline)
        return bool(poll.poll(None if left is None else left * 1000))

    def shutdown(self) -> None:
        """Tell the peer, and wake whoever is inside `read` or `write`; keeps the descriptor."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer was first

    def hurry(self, on: bool = True) -> None:
        """Have each `read` that begins, or that a signal interrupts, wait for a moment only."""
        patience = _TIMEVAL.pack(0, 1000 if on else 0)
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        except OSError:
            pass  # closed meanwhile

    def cede(self) -> tuple[int, bytes]:
        """The descriptor, for another process, and what its decoder has to be fed first."""
        return self._sock.detach(), self.decoder.rest()

    def close(self) -> None:
        """Let go of the descriptor."""
        self._sock.close()
