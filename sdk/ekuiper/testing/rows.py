"""What comes out of a source under test."""

import time
from collections import deque
from types import TracebackType
from typing import Any, Literal

from ..errors import ChannelTimeoutError
from ..host.embedded import SourceHandle
from ..protocol.messages import Row, SourceError

__all__ = ["Rows"]


class Rows:
    """The rows and errors of a running source, as eKuiper would see them; for one thread.

    Waiting in vain is an `AssertionError` that says what came instead.
    """

    def __init__(self, handle: SourceHandle) -> None:
        self._handle = handle
        self._rows: deque[Row] = deque()
        self._errors: deque[str] = deque()

    def take(self, count: int, timeout: float = 5.0) -> list[dict[str, Any]]:
        """The messages of the next `count` rows; all of them within `timeout` seconds."""
        return [row.message for row in self.take_rows(count, timeout)]

    def take_rows(self, count: int, timeout: float = 5.0) -> list[Row]:
        """Like `take`, with the meta of each row."""
        if not self._receive_until(self._rows, count, timeout):
            raise AssertionError(
                f"source {self._handle.name!r} emitted {len(self._rows)} of {count} rows in "
                f"{timeout:g} s: {[row.message for row in self._rows]}; {self._reported()}"
            )
        return [self._rows.popleft() for _ in range(count)]

    def error(self, timeout: float = 5.0) -> str:
        """The next error that the source reports to its rule: with `emit_error`, by ending, or
        with a row that cannot be sent. Rows that come first are kept for `take`."""
        if not self._receive_until(self._errors, 1, timeout):
            raise AssertionError(
                f"source {self._handle.name!r} reported no error in {timeout:g} s; "
                f"rows not taken: {[row.message for row in self._rows]}"
            )
        return self._errors.popleft()

    def stop(self) -> None:
        """Stop the source and wait for its `close`. A second call does nothing."""
        self._handle.stop()

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.stop()
        return False

    def _receive_until(self, wanted: "deque[Row] | deque[str]", count: int, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while len(wanted) < count:
            try:
                got = self._handle.recv(max(0.0, deadline - time.monotonic()))
            except ChannelTimeoutError:
                return False
            if isinstance(got, SourceError):
                self._errors.append(got.text)
            else:
                self._rows.append(got)
        return True

    def _reported(self) -> str:
        return f"it reported {list(self._errors)}" if self._errors else "it reported no error"
