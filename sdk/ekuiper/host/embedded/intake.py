"""Rows into a pipeline: from a source, from an iterable, or one by one."""

from collections.abc import Iterable
from typing import Any

from ...errors import ChannelClosedError, EkuiperError
from ...protocol.messages import Row as SourceRow
from ...protocol.messages import SourceError
from .buffer import RowBuffer
from .counters import Counters
from .handles import SourceHandle

__all__ = ["Intake"]

Row = dict[str, Any]


class Intake:
    """Counts what comes and puts it into `buffer`; `name` is what errors are told of."""

    def __init__(self, name: str, buffer: RowBuffer[Row], counters: Counters) -> None:
        self._name = name
        self._buffer = buffer
        self._counters = counters

    def take(self, item: Row | SourceRow | SourceError) -> None:
        """A row or an error came. Waits while the buffer is full and does not discard."""
        if isinstance(item, SourceError):
            self._counters.faults.add(self._name, item.text)
            return
        self._counters.rows_in += 1
        row = item.message if isinstance(item, SourceRow) else item
        self._counters.dropped += self._buffer.put(row)

    def receive(self, source: SourceHandle) -> None:
        """Take what a source sends, until it is stopped."""
        try:
            while True:
                self.take(source.recv())
        except ChannelClosedError:
            pass  # stopped
        except EkuiperError as error:
            self._counters.faults.add(self._name, str(error))
        if source.malformed:
            text = f"sent {source.malformed} messages that are neither row nor error"
            self._counters.faults.add(self._name, text)

    def take_all(self, rows: Iterable[Row | SourceError]) -> None:
        """Take what an iterable gives, to its end or until nobody wants more."""
        try:
            for row in rows:
                self.take(row)
                if self._buffer.finished:
                    return
        except Exception as error:  # it is the caller's iterable, which may raise anything
            self._counters.faults.add(self._name, f"{type(error).__name__}: {error}")
        finally:
            self._buffer.finish()
