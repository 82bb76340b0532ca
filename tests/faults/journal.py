"""What plugin and host write down while they run, and what is read out of it.

A line is a JSON array: a word, then what belongs to it. Times are `time.monotonic`, which on Linux
all processes share. Each line is one write, so that it survives the death of whoever wrote it.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

__all__ = ["Journal", "Reader"]


class Journal:
    """Appends lines to a file that others append to as well. Any thread may use it."""

    def __init__(self, path: str | Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, word: str, *rest: Any) -> None:
        os.write(self._fd, json.dumps([word, time.monotonic(), *rest]).encode() + b"\n")


class Reader:
    """Reads lines as they come."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._file = path.open("rb")
        self.entries: list[list[Any]] = []

    def read(self) -> list[list[Any]]:
        """What is new; all of it is in `entries`."""
        new = []
        while True:
            place = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                self._file.seek(place)
                break
            new.append(json.loads(line))
        self.entries += new
        return new

    def close(self) -> None:
        self._file.close()
