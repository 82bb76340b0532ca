"""A small rule: rows of a source, or one's own, through functions into sinks."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Literal

from ...errors import (
    CallError,
    ChannelClosedError,
    ChannelTimeoutError,
    EkuiperError,
    HostError,
)
from ...protocol.messages import SourceError
from .buffer import RowBuffer
from .counters import Counters, FunctionCounters
from .expressions import FunctionCall
from .handles import SourceHandle
from .host import Host
from .intake import Intake
from .outlet import Outlet
from .projection import Projection
from .results import Results

__all__ = ["Pipeline"]

Row = dict[str, Any]

_STOP = 2.0  # seconds for the threads to end; the host's close frees those that hang in a call


class Pipeline:
    """Runs `source`, `functions` and `sinks` of a host's plugin as one rule.

    `functions` read like `score(cpu) as s` (see `FunctionCall.parse`; windows: `Projection`).
    `config` holds the settings of sources and sinks by symbol; a source's `datasource` among them
    is its stream's DATASOURCE. Without a source the rows come from `rows`, a `SourceError` among
    them being reported as such, and else from `feed`.

    Rows wait in a buffer like a rule's: when it is full, the oldest row of a source is dropped if
    the host's settings say so; one's own rows always wait. `limit` ends the pipeline after that
    many rows came out. `on_rows` gets the rows that came out, on the pipeline's thread; the last
    `keep` are kept for `rows`. `confirm` asks sinks for acks, so that their failures are counted
    and stopping loses nothing (see `Outlet`); without it a sink sees exactly `config`, and what it
    has not read at the stop is lost, as in eKuiper.

    A context manager: entering starts it, leaving stops it.
    """

    def __init__(
        self,
        host: Host,
        *,
        source: str | None = None,
        functions: Sequence[str | FunctionCall] = (),
        sinks: Sequence[str] = (),
        window: int | None = None,
        rule: str = "rule1",
        stream: str = "demo",
        config: Mapping[str, Mapping[str, Any]] | None = None,
        rows: Iterable[Row | SourceError] | None = None,
        limit: int | None = None,
        on_rows: Callable[[list[Row]], None] | None = None,
        keep: int = 10_000,
        confirm: bool = True,
    ) -> None:
        if source is not None and rows is not None:
            raise HostError("rows come from a source or are given, not both")
        if window is not None and window < 1:
            raise HostError(f"a window holds at least one row, not {window}")
        self.counters = Counters()
        self._host = host
        self._source_name = source
        self._calls = [FunctionCall.parse(f) if isinstance(f, str) else f for f in functions]
        self._sink_names = sinks
        self._window = window
        self._rule = rule
        self._stream = stream
        self._config = config or {}
        self._given = rows
        self._limit = limit
        self._on_rows = on_rows
        discard = source is not None and host.settings.discard_when_full
        self._buffer: RowBuffer[Row] = RowBuffer(host.settings.buffer, discard=discard)
        name = f"source {source}" if source is not None else "rows"
        self._intake = Intake(name, self._buffer, self.counters)
        self._results = Results(keep)
        self._confirm = confirm
        self._source: SourceHandle | None = None
        self._outlets: list[Outlet] = []
        self._projection = Projection((), window=None, rule=rule)
        self._threads: list[threading.Thread] = []
        self._stopped = False

    def start(self) -> "Pipeline":
        """Start functions, sinks and source in this order, as eKuiper does, and let rows flow.

        Raises `HostError` for a symbol that does not exist or does not start, `CallError` when a
        function refuses its arguments; nothing runs then.
        """
        try:
            self._projection = self._select()
            for action, name in enumerate(self._sink_names):
                self._outlets.append(self._outlet(action, name))
            self._start_source()
        except BaseException:
            self.stop()
            raise
        self._spawn("rows", self._work)
        if self._source is not None:
            self._spawn("source", self._intake.receive, self._source)
        elif self._given is not None:
            self._spawn("feed", self._intake.take_all, self._given)
        return self

    def feed(self, rows: Iterable[Row]) -> None:
        """Add rows of one's own; waits while the buffer is full."""
        for row in rows:
            self._intake.take(row)

    def finish(self) -> None:
        """No more rows will be fed: the pipeline ends when those it has are through."""
        self._buffer.finish()

    def rows(self, count: int, timeout: float = 10.0) -> list[Row]:
        """The next `count` rows that came out; each is returned once.

        Raises `ChannelTimeoutError`, and takes none, when they did not come in time or the pipeline
        ended before.
        """
        rows = self._results.take(count, timeout)
        if rows is None:
            raise ChannelTimeoutError(self._shortage(count, timeout))
        return rows

    def latest(self, count: int) -> list[Row]:
        """The last rows that came out, the newest at the end; they stay for `rows`."""
        return self._results.latest(count)

    @property
    def waiting(self) -> int:
        """Rows taken in and not yet through: in the buffer, or in a window not yet full."""
        return len(self._buffer) + self._projection.pending

    @property
    def ended(self) -> bool:
        """Whether no more rows will come out: the limit is reached, or all rows are through."""
        return self._results.ended

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the pipeline has ended; returns whether it has."""
        return self._results.wait(timeout)

    def stop(self) -> None:
        """Stop source and sinks; rows that wait are lost, as in eKuiper. Idempotent.

        A plugin that does not agree shows in `counters.faults`.
        """
        if self._stopped:
            return
        self._stopped = True
        if self._source is not None:
            self._stop(self._source)
        self._buffer.close()
        self._join()
        for outlet in self._outlets:
            outlet.settle()
            self._stop(outlet)
        self._results.end()

    def __enter__(self) -> "Pipeline":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.stop()
        return False

    def _select(self) -> Projection:
        steps = []
        for call in self._calls:
            handle = self._host.function(call.function)
            counters = FunctionCounters(call.text)
            handle.is_aggregate()  # asked first, as a host does when it parses the SQL
            handle.validate([argument.node() for argument in call.arguments])
            self.counters.functions.append(counters)
            steps.append((call, handle, counters))
        return Projection(steps, window=self._window, rule=self._rule)

    def _outlet(self, action: int, name: str) -> Outlet:
        return Outlet(
            self._host,
            name,
            rule=self._rule,
            action=action,
            config=self._config.get(name, {}),
            confirm=self._confirm,
            fault=partial(self.counters.faults.add, f"sink {name}"),
        )

    def _start_source(self) -> None:
        name = self._source_name
        if name is None:
            return
        config = dict(self._config.get(name, {}))
        datasource = str(config.pop("datasource", ""))
        self._source = self._host.source(
            name, rule=self._rule, stream=self._stream, datasource=datasource, config=config
        )

    def _spawn(self, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(
            target=target, args=args, name=f"ekuiper-host-{self._rule}-{name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _join(self) -> None:
        deadline = time.monotonic() + _STOP
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        try:
            while not self._full() and (row := self._buffer.get()) is not None:
                self._pass(row)
        except ChannelClosedError:
            pass  # the host closes
        finally:
            self._buffer.close()
            self._results.end()

    def _full(self) -> bool:
        return self._limit is not None and self.counters.rows_out >= self._limit

    def _pass(self, row: Row) -> None:
        try:
            rows = self._projection.push(row)
        except ChannelClosedError:
            raise
        except CallError as error:
            self.counters.faults.add(error.call, error.reason)
            return
        except EkuiperError as error:
            self._fault("functions", error)
            return
        if self._limit is not None:
            rows = rows[: self._limit - self.counters.rows_out]
        delivered = [self._deliver(outlet, rows) for outlet in self._outlets if rows]
        if rows and all(delivered):
            self._came_out(rows)

    def _deliver(self, outlet: Outlet, rows: list[Row]) -> bool:
        try:
            outlet.send(rows)
        except ChannelClosedError:
            raise
        except EkuiperError as error:
            self._fault(f"sink {outlet.name}", error)
            return False
        return True

    def _came_out(self, rows: list[Row]) -> None:
        self.counters.rows_out += len(rows)
        self._results.add(rows)
        if self._on_rows is not None:
            self._on_rows(rows)

    def _stop(self, symbol: SourceHandle | Outlet) -> None:
        try:
            symbol.stop(_STOP)
        except EkuiperError as error:
            self._fault(f"stop of {symbol.name}", error)

    def _fault(self, where: str, error: EkuiperError) -> None:
        self.counters.faults.add(where, str(error))

    def _shortage(self, count: int, timeout: float) -> str:
        counters = self.counters
        came = f"{len(self._results)} of {count} rows came"
        why = "before the pipeline ended" if self.ended else f"in {timeout:g} s"
        faults = "".join(f"\n  {fault.where}: {fault.text}" for fault in counters.faults.list())
        return f"{came} {why}; {counters.rows_in} came in, {self.waiting} wait{faults}"
