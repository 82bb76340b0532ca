"""A channel on its way to another process: its sockets, and what was read of them."""

import os
from struct import Struct

from ..typed import NamedTuple

__all__ = ["Ceded"]

_COUNTS = Struct(">bI")
_SIZE = Struct(">Q")


class Ceded(NamedTuple):
    """What a channel consisted of. The descriptors are the holder's to pass on and close."""

    door: int
    """Where peers come in; -1 for a channel that dials."""
    connections: list[int]
    unread: list[bytes]
    """For each connection: bytes that bring a new decoder to where the old one was, and what it
    makes of them was not received yet. A last one more is of connections that are gone."""

    def packed(self) -> tuple[bytes, list[int]]:
        """As bytes, and the descriptors that go with them."""
        doors = [] if self.door < 0 else [self.door]
        parts = [_COUNTS.pack(len(doors), len(self.connections))]
        for each in self.unread:
            parts += (_SIZE.pack(len(each)), each)
        return b"".join(parts), doors + self.connections

    @classmethod
    def unpacked(cls, content: bytes, descriptors: list[int]) -> "Ceded":
        """What `packed` made, from the other process's descriptors."""
        doors, count = _COUNTS.unpack_from(content)
        at, unread = _COUNTS.size, []
        while at < len(content):
            (size,) = _SIZE.unpack_from(content, at)
            at += _SIZE.size
            unread.append(content[at : at + size])
            at += size
        door = descriptors[0] if doors else -1
        return cls(door, descriptors[doors : doors + count], unread)

    def close(self) -> None:
        """Let go of the descriptors."""
        for fd in (self.door, *self.connections):
            if fd >= 0:
                os.close(fd)
