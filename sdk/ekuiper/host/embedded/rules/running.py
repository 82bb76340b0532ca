"""A rule at work, on a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ....errors import ChannelClosedError, ChannelTimeoutError, EkuiperError
from ..buffer import RowBuffer
from ..counters import Counters
from ..results import Results
from .actions import Target
from .data import Item, Problem, Row
from .plan import Plan
from .rulefiles import RuleFile
from .stages import Output, Result, Stages
from .unseen import Unseen

__all__ = ["RunningRule"]

_STOP = 2.0  # seconds for the thread to end; the host's close frees one that hangs in a call


class RunningRule:
    """Takes rows and errors of its stream, and hands what comes out to its actions.

    `limit` ends it after so many rows came out; `on_rows` gets them, on the rule's thread; the last
    `keep` are kept. With `discard` the oldest row is dropped when too many wait.
    """

    def __init__(
        self,
        rule: RuleFile,
        plan: Plan,
        *,
        discard: bool,
        limit: int | None = None,
        on_rows: Callable[[list[dict[str, Any]]], None] | None = None,
        keep: int = 10_000,
    ) -> None:
        self.rule = rule
        self.plan = plan
        self.counters = Counters(functions=list(plan.functions))
        self._buffer: RowBuffer[Item] = RowBuffer(rule.options.buffer, discard=discard)
        self._stages = Stages(plan, _now())
        self.targets: list[Target] = []
        """Its actions; set before it starts, stopped with it."""
        self._limit = limit
        self._on_rows = on_rows
        self._results = Results(keep)
        self._unseen = Unseen(plan.columns)
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name=f"ekuiper-host-{rule.id}", daemon=True
        )

    def start(self) -> None:
        """Let rows through to `targets`."""
        self._stages = Stages(self.plan, _now())
        self._thread.start()

    def take(self, item: Item) -> None:
        """A row or error of the stream. Waits while too many wait and none is to be dropped. Any
        thread may call it."""
        if isinstance(item, Row):
            self.counters.rows_in += 1
            self._unseen.look(item.message)
        elif not self.rule.options.send_error:
            self.counters.faults.add(item.where, item.text)
            return
        self.counters.dropped += self._buffer.put(item)

    def finish(self) -> None:
        """No more comes: the rule ends when what it has is through, and its window over."""
        self._buffer.finish()

    @property
    def waiting(self) -> int:
        """Rows taken in and not yet through."""
        return len(self._buffer) + self._stages.pending

    @property
    def hints(self) -> list[str]:
        """What is no error, but strange: columns that no row had so far."""
        return self._unseen.hints

    @property
    def ended(self) -> bool:
        """Whether no more rows will come out."""
        return self._results.ended

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; returns whether it has."""
        return self._results.wait(timeout)

    def rows(self, count: int, timeout: float = 10.0) -> list[dict[str, Any]]:
        """The next `count` rows that came out; each is returned once. Raises `ChannelTimeoutError`
        when they did not come in time, or at all."""
        rows = self._results.take(count, timeout)
        if rows is None:
            faults = "".join(f"\n  {each.text}" for each in self.counters.faults.list())
            came = f"{len(self._results)} of {count} rows came out of rule {self.rule.id}"
            raise ChannelTimeoutError(f"{came}, {self.counters.rows_in} came in{faults}")
        return rows

    def latest(self, count: int) -> list[dict[str, Any]]:
        """The last rows that came out, the newest at the end; they stay for `rows`."""
        return self._results.latest(count)

    def stop(self) -> None:
        """End it, then its actions; rows that wait are lost. Idempotent."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._buffer.close()
        if self._thread.ident is not None:
            self._thread.join(_STOP)
        for target in self.targets:
            try:
                target.stop(_STOP)
            except EkuiperError as error:
                self.counters.faults.add(f"stop of {target.name}", str(error))
        self._results.end()

    def _work(self) -> None:
        try:
            while not self._full() and self._step():
                pass
        except ChannelClosedError:
            pass  # the host closes
        finally:
            self._buffer.close()
            for target in self.targets:
                target.end()
            self._results.end()

    def _full(self) -> bool:
        return self._limit is not None and self.counters.rows_out >= self._limit

    def _step(self) -> bool:
        """Handle one row, or the end of a window; returns whether there may be more."""
        due = self._stages.due
        try:
            item = self._buffer.get(None if due is None else max(0.0, (due - _now()) / 1000))
        except ChannelTimeoutError:
            self._emit(self._stages.tick(_now()))
            return True
        if item is None:
            return due is not None and self._last(due)
        if due is not None and isinstance(item, Row) and item.time >= due:
            self._emit(self._stages.tick(item.time))
        self._emit(self._stages.push(item))
        return True

    def _last(self, due: int) -> bool:
        """No row comes any more: wait for the end of the window that has some."""
        if self._stages.pending and not self._closing.wait(max(0.0, (due - _now()) / 1000)):
            self._emit(self._stages.tick(max(due, _now())))
        return False

    def _emit(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Problem):
                self._problem(output)
            else:
                self._result(output)

    def _problem(self, problem: Problem) -> None:
        self.counters.faults.add(problem.where, problem.text)
        if self.rule.options.send_error:
            for target in self.targets:
                self._deliver(target, problem)

    def _result(self, result: Result) -> None:
        rows = result.rows
        if self._limit is not None:
            rows = rows[: self._limit - self.counters.rows_out]
            result = result._replace(rows=rows)
        delivered = [self._deliver(target, result) for target in self.targets]
        if rows and all(delivered):
            self.counters.rows_out += len(rows)
            self._results.add(rows)
            if self._on_rows is not None:
                self._on_rows(rows)

    def _deliver(self, target: Target, output: Output) -> bool:
        where = f"sink {target.name}"
        try:
            target.deliver(output)
        except ChannelClosedError:
            raise
        except ValueError as error:
            self.counters.faults.add(where, str(error))
            if self.rule.options.send_error and not isinstance(output, Problem):
                self._deliver(target, Problem(where, str(error)))
            return False
        except EkuiperError as error:
            self.counters.faults.add(where, str(error))
            return False
        return True


def _now() -> int:
    return round(time.time() * 1000)
