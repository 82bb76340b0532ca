"""Rows between two threads."""

import threading
import time
from collections import deque
from typing import Generic, TypeVar

from ...errors import ChannelTimeoutError

__all__ = ["RowBuffer"]

Row = TypeVar("Row")


class RowBuffer(Generic[Row]):
    """Holds up to `size` rows. When it is full, `put` throws away the oldest with `discard`, and
    waits without. Any thread may use it."""

    def __init__(self, size: int, *, discard: bool) -> None:
        self._size = size
        self._discard = discard
        self._rows: deque[Row] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def finished(self) -> bool:
        """Whether no more rows are taken."""
        return self._finished

    def put(self, row: Row) -> int:
        """Add a row, unless finished; returns how many were thrown away for it."""
        dropped = 0
        with self._changed:
            while len(self._rows) >= self._size and not self._finished:
                if self._discard:
                    self._rows.popleft()
                    dropped += 1
                else:
                    self._changed.wait()
            if not self._finished:
                self._rows.append(row)
                self._changed.notify_all()
        return dropped

    def get(self, timeout: float | None = None) -> Row | None:
        """The oldest row, waiting for one; None when closed, or finished and empty. Raises
        `ChannelTimeoutError` when none comes within `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._rows and not self._finished:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise ChannelTimeoutError(f"no row came within {timeout:g} s")
                self._changed.wait(left)
            if self._closed or not self._rows:
                return None
            row = self._rows.popleft()
            self._changed.notify_all()
            return row

    def finish(self) -> None:
        """No more rows come; those that are here may still be had."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def close(self) -> None:
        """Finish, and give up the rows that are here."""
        with self._changed:
            self._finished = self._closed = True
            self._changed.notify_all()
