"""The line between supervisor and worker: numbered frames on a pair of connected sockets.

Each frame is its length, a kind and a number, then its bytes. The worker says hello first, with
the version of this format: it may run under another interpreter, with another package.
"""

import os
import socket
import weakref
from _thread import allocate_lock
from struct import Struct

from ...errors import ChannelClosedError, ProtocolError

__all__ = [
    "ANSWER",
    "CALLS",
    "COMMAND",
    "FAILED",
    "HELLO",
    "READY",
    "STATUS",
    "VERSION",
    "Frame",
    "Link",
    "check_hello",
    "inherited",
    "pair",
]

VERSION = 2

HELLO, READY, FAILED, ANSWER, COMMAND, STATUS, CALLS = range(7)

Frame = tuple[int, int, bytes]
"""Kind, number and content."""

_HEAD = Struct(">IBI")
_CHUNK = 65536


class Link:
    """One end. Any thread may send; closed in a forked child, where the other end hears nothing of
    it.

    `recv` raises `ChannelClosedError` once the other end is gone, `send` as well.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._turn = allocate_lock()
        _links.add(self)

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, kind: int, number: int, content: bytes = b"") -> None:
        """Send a frame; waits while the other end is slow."""
        try:
            with self._turn:
                self._sock.sendall(_HEAD.pack(len(content), kind, number) + content)
        except OSError as error:
            raise ChannelClosedError(f"the other process is gone: {error.strerror}") from None

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
            data = self._sock.recv(_CHUNK, flags)
        except BlockingIOError:
            raise
        except OSError:
            data = b""
        if not data:
            raise ChannelClosedError("the other process is gone")
        self._read += data


def pair() -> tuple[Link, Link]:
    """Both ends of a new line."""
    one, other = socket.socketpair()
    return Link(one), Link(other)


def inherited(fd: int) -> Link:
    """The end whose descriptor this process was started with."""
    sock = socket.socket(fileno=fd)
    sock.set_inheritable(False)
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


_links: "weakref.WeakSet[Link]" = weakref.WeakSet()


def _close_in_child() -> None:
    for link in list(_links):
        link.close()


os.register_at_fork(after_in_child=_close_in_child)
