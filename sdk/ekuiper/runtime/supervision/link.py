"""The line between supervisor and worker: numbered frames on a pair of connected sockets.

Each frame is its length, a kind and a number, then its bytes; descriptors may go with it. The
worker says hello first, with the version of this format: it may run under another interpreter,
with another package.
"""

import _socket as socket
import os
import select
from _thread import allocate_lock
from _weakrefset import WeakSet
from collections import deque
from collections.abc import Sequence
from struct import Struct

from ...errors import ChannelClosedError, ProtocolError

__all__ = [
    "ACTIVATE",
    "ANSWER",
    "CALLS",
    "COMMAND",
    "FAILED",
    "FILES",
    "GIVEN",
    "HAND_OVER",
    "HELLO",
    "KEEP",
    "MOST_DESCRIPTORS",
    "PING",
    "PREPARE",
    "READY",
    "STATUS",
    "TAKEN",
    "TAKE_OVER",
    "VERSION",
    "WORN",
    "Frame",
    "Link",
    "check_hello",
    "inherited",
    "pair",
]

VERSION = 5

HELLO, READY, FAILED, ANSWER, COMMAND, STATUS, CALLS = range(7)
ACTIVATE, PREPARE, HAND_OVER, TAKE_OVER, TAKEN, GIVEN, KEEP, FILES, WORN, PING = range(7, 17)

Frame = tuple[int, int, bytes]
"""Kind, number and content."""

MOST_DESCRIPTORS = 250
"""That may go with one frame; Linux takes 253."""

_HEAD = Struct(">IBI")
_CHUNK = 65536
_DESCRIPTOR = Struct("i")
_ROOM = socket.CMSG_SPACE(MOST_DESCRIPTORS * _DESCRIPTOR.size)


class Link:
    """One end. Any thread may send; closed in a forked child, where the other end hears nothing of
    it.

    `recv` raises `ChannelClosedError` once the other end is gone, `send` as well.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._descriptors: deque[int] = deque()
        self._turn = allocate_lock()
        _links.add(self)

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(
        self, kind: int, number: int, content: bytes = b"", descriptors: Sequence[int] = ()
    ) -> None:
        """Send a frame; waits while the other end is slow. The other end gets copies of the
        descriptors, and has to know how many they are."""
        data = _HEAD.pack(len(content), kind, number) + content
        try:
            with self._turn:
                if descriptors:
                    data = data[self._sock.sendmsg([data], _rights(descriptors)) :]
                self._sock.sendall(data)
        except OSError as error:
            raise ChannelClosedError(f"the other process is gone: {error.strerror}") from None

    def descriptors(self, count: int) -> list[int]:
        """So many that came with the frame received last, or with one before it; the caller's to
        close."""
        return [self._descriptors.popleft() for _ in range(min(count, len(self._descriptors)))]

    def ready(self, seconds: float) -> bool:
        """Wait so long for a frame to come; whether one, or the end, has begun to."""
        if self._read:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def recv(self) -> Frame:
        """Wait for the next frame."""
        while (frame := self._next()) is None:
            self._read_more(0)
        return frame

    def drain(self) -> tuple[list[Frame], bool]:
        """The frames that are there, without waiting; and whether more may come."""
        more = True
        try:
            while True:
                self._read_more(socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        except ChannelClosedError:
            more = False
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames, more

    def end(self) -> None:
        """Tell the other end that nothing more is coming."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # gone already

    def close(self) -> None:
        for fd in self.descriptors(len(self._descriptors)):
            os.close(fd)
        self._sock.close()

    def _next(self) -> Frame | None:
        if len(self._read) < _HEAD.size:
            return None
        size, kind, number = _HEAD.unpack_from(self._read)
        end = _HEAD.size + size
        if len(self._read) < end:
            return None
        content = self._read[_HEAD.size : end]
        self._read = self._read[end:]
        return kind, number, content

    def _read_more(self, flags: int) -> None:
        try:
            data, extras, _, _ = self._sock.recvmsg(_CHUNK, _ROOM, flags | socket.MSG_CMSG_CLOEXEC)
            for _, _, extra in extras:
                self._descriptors.extend(fd for (fd,) in _DESCRIPTOR.iter_unpack(extra))
        except BlockingIOError:
            raise
        except OSError:
            data = b""
        if not data:
            raise ChannelClosedError("the other process is gone")
        self._read += data


def _rights(descriptors: Sequence[int]) -> list[tuple[int, int, bytes]]:
    """As `socket.send_fds` sends them."""
    packed = b"".join(_DESCRIPTOR.pack(fd) for fd in descriptors)
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)]


def pair() -> tuple[Link, Link]:
    """Both ends of a new line."""
    one, other = socket.socketpair()
    return Link(one), Link(other)


def inherited(fd: int) -> Link:
    """The end whose descriptor this process was started with."""
    sock = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    return Link(sock)


def check_hello(frame: Frame) -> None:
    """Raise `ProtocolError` unless this is a hello in our version."""
    kind, number, _ = frame
    if kind != HELLO or number != VERSION:
        said = f"version {number}" if kind == HELLO else f"frame {kind}"
        raise ProtocolError(
            f"the worker's ekuiper package says {said} where version {VERSION} was expected; "
            "install the same package in both environments"
        )


_links: "WeakSet[Link]" = WeakSet()


def _close_in_child() -> None:
    for link in list(_links):
        link.close()


os.register_at_fork(after_in_child=_close_in_child)
