"""Rows that came out of a pipeline, for whoever wants to look at them."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

__all__ = ["Results"]

Row = dict[str, Any]


class Results:
    """Keeps the last `keep` rows, and whether more will come. Any thread may use it."""

    def __init__(self, keep: int) -> None:
        self._rows: deque[Row] = deque(maxlen=keep)
        self._changed = threading.Condition()
        self.ended = False

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Sequence[Row]) -> None:
        """Rows came out."""
        with self._changed:
            self._rows.extend(rows)
            self._changed.notify_all()

    def end(self) -> None:
        """No more rows come."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def take(self, count: int, timeout: float) -> list[Row] | None:
        """The oldest `count` rows, which are forgotten; None if they do not come in time or at all,
        and then none is taken."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while len(self._rows) < count:
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    return None
                self._changed.wait(left)
            return [self._rows.popleft() for _ in range(count)]

    def latest(self, count: int) -> list[Row]:
        """The newest rows, oldest first; they stay."""
        with self._changed:
            return list(self._rows)[-count:]

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end; returns whether it has come."""
        with self._changed:
            return self._changed.wait_for(lambda: self.ended, timeout)
