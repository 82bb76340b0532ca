"""What of a sink is kept by the supervisor: its sockets, and what it owes for the rows it took."""

import os
from collections.abc import Callable, Sequence

from ..protocol.codec import decode_ack
from ..protocol.messages import Ack
from ..transport.ceded import Ceded
from ..transport.keeper import left_behind
from ..transport.sp import frame_head
from .ledger import DESCRIPTORS, Ledger

__all__ = ["Keeping", "Kept", "KeptDoor"]

Tell = Callable[[bytes, Sequence[int]], None]
"""Tells the supervisor what to keep under this name; nothing: no more."""


class Keeping:
    """The worker's end: what the supervisor kept of the symbols that are started next."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._handed: dict[bytes, Kept | KeptDoor] = {}

    def handed(self, name: bytes, how: str, descriptors: list[int]) -> None:
        """A symbol of this name had these when its worker ended, `how` is like "by SIGSEGV"."""
        if (unused := self._handed.pop(name, None)) is not None:
            unused.close()
        if len(descriptors) > DESCRIPTORS:
            self._handed[name] = Kept(name, self._tell, descriptors, how)
        else:
            self._handed[name] = KeptDoor(name, self._tell, descriptors)

    def left_behind(self, name: bytes) -> "Kept | None":
        """Of this symbol, if it ran in a worker that died; to be closed."""
        found = self._handed.pop(name, None)
        return found if isinstance(found, Kept) else None

    def door(self, name: bytes, *, new: bool) -> "KeptDoor":
        """For this symbol, which has no acks; unless `new`, that of a worker that died. To be
        closed."""
        found = self._handed.pop(name, None)
        if isinstance(found, KeptDoor) and not new:
            return found
        if found is not None:
            found.close()
        return KeptDoor(name, self._tell)

    def new(self, name: bytes) -> "Kept | None":
        """For this symbol; to be closed. None where the kernel lacks what that needs."""
        if (unused := self._handed.pop(name, None)) is not None:
            unused.close()
        try:
            return Kept(name, self._tell)
        except (AttributeError, OSError):
            return None


class KeptDoor:
    """Of one sink without acks, where its host comes in; the `Keeper` of its channel.

    A host that comes when the worker has just died is not turned away, but let in by the next one:
    eKuiper dials a sink when its start was answered, and when that fails it ends the rule.
    """

    counts = False

    def __init__(self, name: bytes, tell: Tell, descriptors: Sequence[int] = ()) -> None:
        self._name = name
        self._tell = tell
        self._left = list(descriptors)
        self._door = -1

    def kept(self) -> Ceded | None:
        left, self._left = self._left, []
        return left_behind(left) if left else None

    def keep(self, door: int, connections: Sequence[int]) -> None:
        if door != self._door:
            self._door = door
            self._tell(self._name, [door])

    def begin(self) -> None:
        """Not called."""

    def end(self, messages: int, *, whole: bool) -> None:
        """Not called."""

    def pay(self, sock: int, frame: bytes) -> None:
        """Not called."""

    def close(self) -> None:
        """The sink has ended, or failed to start."""
        if self._door >= 0:
            self._door = -1
            self._tell(self._name, ())
        for fd in self._left:
            os.close(fd)
        self._left.clear()


class Kept:
    """Of one sink with acks; the `Keeper` of its channels."""

    counts = True

    def __init__(
        self, name: bytes, tell: Tell, descriptors: Sequence[int] = (), how: str = ""
    ) -> None:
        self._name = name
        self._tell = tell
        self._how = how
        self._ledger = Ledger(descriptors[:DESCRIPTORS])
        self._sockets = list(descriptors[DESCRIPTORS:])
        self._told = False
        self.begin, self.end, self.pay = self._ledger.begin, self._ledger.end, self._ledger.pay

    def inherit(self) -> list[Ack]:
        """The acks that the worker before owed, for whoever pays them now: that it had them to do
        when it ended, unless one was decided already."""
        if self._ledger.doubtful:
            self._drop_connections()
        owed, frame = self._ledger.take_over()
        decided = [decode_ack(frame[len(frame_head(0)) :])] if frame else []
        ended = Ack(f"the worker ended {self._how} before this row was done")
        return (decided + [ended] * owed)[:owed]

    def kept(self) -> Ceded | None:
        sockets, self._sockets = self._sockets, []
        return left_behind(sockets) if sockets else None

    def keep(self, door: int, connections: Sequence[int]) -> None:
        self._told = True
        self._tell(self._name, [*self._ledger.descriptors, door, *connections])

    def close(self) -> None:
        """The sink has ended, or failed to start: then the supervisor has all it had before."""
        if self._told:
            self._tell(self._name, ())
        self._close_sockets(0)
        self._ledger.close()

    def _drop_connections(self) -> None:
        """They end in the middle of a row; first the supervisor is told, who would give them to the
        next worker if this one died now."""
        self._tell(self._name, [*self._ledger.descriptors, *self._sockets[:1]])
        self._close_sockets(1)

    def _close_sockets(self, but: int) -> None:
        for fd in self._sockets[but:]:
            os.close(fd)
        del self._sockets[but:]
