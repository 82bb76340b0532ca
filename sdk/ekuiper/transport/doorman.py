"""Letting peers in while nobody receives."""

import _socket as socket
import select
import threading
from collections.abc import Callable

from ..typed import Protocol

__all__ = ["Door", "Doorman"]


class Door(Protocol):
    """Where peers come in."""

    def fileno(self) -> int:
        """Readable when somebody wants in."""

    def accept(self) -> socket.socket:
        """The next one who wants in. Never blocks; raises `OSError`."""

    def cede(self) -> int:
        """The descriptor, for another process to let peers in; -1 where that cannot be."""

    def shut(self) -> None:
        """Turn newcomers away; the descriptor stays."""

    def close(self) -> None:
        """Let go of the descriptor, and of nothing else."""


class Doorman:
    """A thread that calls `let_in` whenever somebody is at the door, and `leave` when dismissed.

    Without it a peer that dials before anyone receives would not be greeted, and nng and mangos
    wait for that: eKuiper dials a sink right after its start was answered, and would hang until
    the sink's `open` returns.
    """

    def __init__(
        self, name: str, door: Door, let_in: Callable[[], None], leave: Callable[[], None]
    ) -> None:
        self._door = door
        self._let_in = let_in
        self._leave = leave
        self._ear, self._voice = socket.socketpair()
        self._thread = threading.Thread(target=self._stand, name=name, daemon=True)

    def start(self) -> None:
        """Take up the post."""
        self._thread.start()

    def dismiss(self) -> None:
        """Send it away, once. Never blocks."""
        self._voice.shutdown(socket.SHUT_WR)  # whatever copies forked children have
        self._voice.close()

    def join(self) -> None:
        """Wait until it has gone."""
        self._thread.join()

    def _stand(self) -> None:
        poll = select.poll()
        poll.register(self._door, select.POLLIN)
        poll.register(self._ear, select.POLLIN)
        try:
            while self._ear.fileno() not in dict(poll.poll()):
                self._let_in()
        finally:
            self._ear.close()
            self._leave()

    def forget(self) -> None:
        """Let go of the descriptors, in a forked child, where the thread does not exist."""
        self._ear.close()
        self._voice.close()
