"""Counts that plugin and soak share, in a file that both have in their memory."""

import mmap
from pathlib import Path

__all__ = ["Board", "new_board"]

_FIELDS = ("worker", "supervisor", "sent", "received", "lost", "doubled", "shifted")


class Board:
    """The counts by name. One writes each: the source, or the sink."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")

    def __getitem__(self, name: str) -> int:
        return self._cells[_FIELDS.index(name)]

    def __setitem__(self, name: str, value: int) -> None:
        self._cells[_FIELDS.index(name)] = value


def new_board(path: Path) -> Board:
    """All counts are 0."""
    path.write_bytes(bytes(8 * len(_FIELDS)))
    return Board(str(path))
