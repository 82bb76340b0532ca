"""Who sees to it that what a channel has is not lost with its process."""

import _socket as socket
import os
from collections.abc import Sequence

from ..typed import Protocol
from .ceded import Ceded
from .sp import PUSH, greeting

__all__ = ["Keeper", "left_behind"]


class Keeper(Protocol):
    """Holds on to the sockets of a PULL when the process dies, and knows at every moment which
    messages that had taken; and of a PUSH, which message has left.

    A PULL calls `keep`, `begin` and `end`, a PUSH `pay`; each from one thread at a time.
    """

    counts: bool
    """Whether it wants to hear `begin` and `end`, for which each message costs a PULL more."""

    def kept(self) -> Ceded | None:
        """What to go on with, of a process that died."""

    def keep(self, door: int, connections: Sequence[int]) -> None:
        """These are the sockets now; the holder makes copies."""

    def begin(self) -> None:
        """Something of a message is about to be taken from its socket."""

    def end(self, messages: int, *, whole: bool) -> None:
        """So many were; and, unless `whole`, part of one more."""

    def pay(self, sock: int, frame: bytes) -> None:
        """Write all of it to the socket, so that even a death does not leave in the dark whether
        it left. Raises `OSError` when the connection is lost, and part of it may have gone."""


def left_behind(sockets: Sequence[int]) -> Ceded:
    """What `Keeper.keep` was told, for the next PULL: it died between two messages."""
    door, *connections = sockets
    unread = [b"" if _is_new(fd) else greeting(PUSH) for fd in connections]
    return Ceded(door, connections, [*unread, greeting(PUSH)])


def _is_new(fd: int) -> bool:
    """Whether the greeting of the peer was not read yet."""
    sock = socket.socket(fileno=os.dup(fd))
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == greeting(PUSH)[:1]
    except OSError:
        return False
    finally:
        sock.close()
