"""Where a stream's rows come from: a source of the plugin, given rows, or a memory topic."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ....errors import ChannelClosedError, EkuiperError
from ....protocol.messages import Row as SourceRow
from ....protocol.messages import SourceError
from ..handles import SourceHandle
from .builtins.objects import as_floats
from .bus import Bus
from .data import Item, Problem, Row
from .schemas import fitted
from .streams import ColumnType

__all__ = ["Feed", "GivenFeed", "MemoryFeed", "SourceFeed", "Taker"]

_STOP = 2.0


class Taker(Protocol):
    """Gets a stream's rows."""

    def take(self, item: Item) -> None: ...

    def finish(self) -> None: ...


class Feed(Protocol):
    """Rows of one stream for one or, where it is shared, several rules."""

    def start(self, takers: Sequence[Taker]) -> None:
        """Let rows flow. Raises `HostError` for a source that does not start."""

    def stop(self) -> None:
        """No more rows. Raises `HostError` if the plugin does not agree in time."""


class SourceFeed:
    """A source of the plugin, opened by `open_source` when it starts."""

    def __init__(
        self,
        name: str,
        open_source: Callable[[], SourceHandle],
        columns: Mapping[str, ColumnType] | None,
    ) -> None:
        self._name = name
        self._open = open_source
        self._columns = columns
        self._source: SourceHandle | None = None
        self._thread: threading.Thread | None = None

    def start(self, takers: Sequence[Taker]) -> None:
        self._source = self._open()
        self._thread = threading.Thread(
            target=self._receive,
            args=(self._source, takers),
            name=f"ekuiper-host-source-{self._name}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.stop(_STOP)
        if self._thread is not None:
            self._thread.join(_STOP)

    def _receive(self, source: SourceHandle, takers: Sequence[Taker]) -> None:
        where = f"source {self._name}"
        seen = 0
        try:
            while True:
                item = _item(source.recv(), where, self._columns)
                if source.malformed != seen:
                    seen = source.malformed
                    _hand(takers, Problem(where, "sent a message that is neither row nor error"))
                _hand(takers, item)
        except ChannelClosedError:
            pass  # stopped
        except EkuiperError as error:
            _hand(takers, Problem(where, str(error)))


class GivenFeed:
    """Rows that are given, to their end; those with a schema are made to fit it."""

    def __init__(
        self,
        stream: str,
        rows: Iterable[Mapping[str, Any] | SourceError],
        columns: Mapping[str, ColumnType] | None,
    ) -> None:
        self._where = f"stream {stream}"
        self._rows = rows
        self._columns = columns
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, takers: Sequence[Taker]) -> None:
        self._thread = threading.Thread(
            target=self._feed, args=(takers,), name=f"ekuiper-host-{self._where}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Rows that are given may block for ever, as standard input does: nobody waits for that."""
        self._stopped.set()

    def _feed(self, takers: Sequence[Taker]) -> None:
        try:
            for row in self._rows:
                if self._stopped.is_set():
                    return
                _hand(takers, self._made(row))
        except Exception as error:  # it is the caller's iterable, which may raise anything
            _hand(takers, Problem(self._where, f"{type(error).__name__}: {error}"))
        finally:
            for taker in takers:
                taker.finish()

    def _made(self, row: Mapping[str, Any] | SourceError) -> Item:
        if isinstance(row, SourceError):
            return Problem(self._where, row.text)
        message = as_floats(dict(row))
        if self._columns is None:
            return _row(message, None)
        try:
            return _row(fitted(message, self._columns), None)
        except ValueError as error:
            return Problem(self._where, str(error))


class MemoryFeed:
    """The rows of a memory topic, as other rules made them."""

    def __init__(self, topic: str, bus: Bus) -> None:
        self._topic = topic
        self._bus = bus
        self._stopped = False

    def start(self, takers: Sequence[Taker]) -> None:
        def take(rows: Iterable[dict[str, Any]]) -> None:
            for row in rows:
                if not self._stopped:
                    _hand(takers, _row(row, {"topic": self._topic}))

        def end() -> None:
            for taker in takers:
                taker.finish()

        self._bus.subscribe(self._topic, take, end)

    def stop(self) -> None:
        self._stopped = True


def _hand(takers: Sequence[Taker], item: Item) -> None:
    """To each rule its own: aliases are kept with rows."""
    for number, taker in enumerate(takers):
        if number and isinstance(item, Row):
            item = Row(item.message, item.meta, item.time)
        taker.take(item)


def _item(
    got: SourceRow | SourceError, where: str, columns: Mapping[str, ColumnType] | None
) -> Item:
    if isinstance(got, SourceError):
        return Problem(where, got.text)
    message = as_floats(got.message)
    if columns is None:
        return _row(message, got.meta)
    try:
        return _row({**message, **fitted(message, columns)}, got.meta)
    except ValueError as error:
        return Problem(where, f"error in preprocessor: {error}")


def _row(message: dict[str, Any], meta: dict[str, Any] | None) -> Row:
    return Row(message, meta, round(time.time() * 1000))
