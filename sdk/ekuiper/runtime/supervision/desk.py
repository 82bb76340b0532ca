"""The supervisor's socket: whoever of this user connects says in a line what it wants."""

import _socket as socket
import os

from ...transport.unix import UnixDoor, connect
from ..locks import runtime_directory
from ..reach import socket_directory

__all__ = ["SUFFIX", "Desk", "reply", "sweep"]

SUFFIX = ".status"
"""How the names of these sockets end; before it stand the process and a random part, since
containers that share a folder have processes of the same number."""

SILENCE = 0.05
"""Seconds after which somebody who says nothing wants the status."""

MOST = 16
"""Those who may stand there at the same time; more are turned away."""

SEND_TIMEOUT = 0.2
"""Seconds that somebody who asks may take to read, if it is more than a socket's buffer."""


class Desk:
    """For the supervisor's thread; never waits. Raises `EkuiperError` or `OSError` where the socket
    cannot be made."""

    def __init__(self) -> None:
        folder = runtime_directory(socket_directory())
        sweep(folder)
        self._door = UnixDoor(f"ipc://{folder}/{os.getpid()}_{os.urandom(2).hex()}{SUFFIX}")
        self._silent: dict[socket.socket, float] = {}  # and until when

    @property
    def descriptors(self) -> list[int]:
        """Readable when `look` has something to do."""
        return [self._door.fileno(), *(each.fileno() for each in self._silent)]

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do at the latest."""
        return min(self._silent.values(), default=None)

    def look(self, now: float, busy: int) -> list[tuple[str, socket.socket]]:
        """What was asked since, and by whom: the caller's to answer and close. `busy` are those
        that wait for an answer."""
        while (one := self._accept()) is not None:
            if len(self._silent) + busy < MOST:
                self._silent[one] = now + SILENCE
            else:
                one.close()
        asked = []
        for one, until in list(self._silent.items()):
            said = _said(one)
            if said is not None or now >= until:
                del self._silent[one]
                asked.append((said or "status", one))
        return asked

    def close(self) -> None:
        """Remove the socket."""
        self._door.shut()
        self.forget()

    def forget(self) -> None:
        """Let go of the descriptors; in a forked worker, whose socket it is not."""
        self._door.close()
        for each in self._silent:
            each.close()
        self._silent.clear()

    def _accept(self) -> socket.socket | None:
        try:
            return self._door.accept()
        except OSError:
            return None


def _said(one: socket.socket) -> str | None:
    try:
        return one.recv(100, socket.MSG_DONTWAIT).decode("ascii", "replace").strip()
    except BlockingIOError:
        return None
    except OSError:
        return ""


def reply(one: socket.socket, answer: bytes) -> None:
    """Answer somebody, and hang up."""
    try:
        one.settimeout(SEND_TIMEOUT)
        one.sendall(answer)
    except OSError:
        pass  # it has gone, or does not read
    one.close()


def sweep(folder: str) -> None:
    """Remove the sockets of supervisors that were killed, as hosts do when a plugin is updated.

    One whose process's number is another's by now stays until that has ended, too: it might be one
    who is about to listen.
    """
    for name in os.listdir(folder):
        if name.endswith(SUFFIX) and not os.path.exists(f"/proc/{name.partition('_')[0]}"):
            path = os.path.join(folder, name)
            try:
                connect(path.encode()).close()  # in another container it may be there
            except ConnectionRefusedError:
                _remove(path)
            except OSError:
                pass


def _remove(path: str) -> None:
    """Unlink a stale socket."""
    try:
        os.unlink(path)
    except OSError:
        pass  # another one was faster
