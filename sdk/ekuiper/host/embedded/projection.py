"""Rows through functions, as an SQL select does it: row by row, or window by window."""

import time
from collections.abc import Sequence
from typing import Any

from ...errors import CallError
from .counters import FunctionCounters
from .expressions import FunctionCall
from .handles import FunctionHandle

__all__ = ["Projection"]

Row = dict[str, Any]

_OP = "2_project"  # what eKuiper calls the node that evaluates a select list


class Projection:
    """`SELECT *, f(a) AS x, ... FROM stream`, in windows of `window` rows if given.

    A column of an earlier call may be used by a later one. A result of NULL leaves its column out.
    With a window, rows come out when it is full: all of its rows, or, if a function is an
    aggregate, one row that starts as the window's first (as in eKuiper, where plain columns and
    functions beside an aggregate are those of the first row). Aggregates get a list per argument.
    """

    def __init__(
        self,
        calls: Sequence[tuple[FunctionCall, FunctionHandle, FunctionCounters]],
        *,
        window: int | None,
        rule: str,
    ) -> None:
        self._steps = [_Step(*call, rule, position) for position, call in enumerate(calls)]
        self._window = window or 1
        self._merges = any(step.aggregate for step in self._steps)
        self._pending: list[Row] = []

    @property
    def pending(self) -> int:
        """How many rows wait for their window to become full."""
        return len(self._pending)

    def push(self, row: Row) -> list[Row]:
        """Take one row; returns the rows that come out, none while a window is not full.

        Raises `CallError` when a function failed: the row, or the whole window, is gone then.
        """
        self._pending.append(row)
        if len(self._pending) < self._window:
            return []
        rows, self._pending = self._pending, []
        if self._merges:
            return [self._project(rows[0], rows)]
        return [self._project(row, [row]) for row in rows]

    def _project(self, first: Row, window: list[Row]) -> Row:
        row = dict(first)
        for step in self._steps:
            result = step.run(row, window)
            if result is None:
                row.pop(step.column, None)
            else:
                row[step.column] = result
        return row


class _Step:
    """One function call of the select list."""

    def __init__(
        self,
        call: FunctionCall,
        handle: FunctionHandle,
        counters: FunctionCounters,
        rule: str,
        position: int,
    ) -> None:
        self.column = call.column
        self.aggregate = handle.is_aggregate()
        self._arguments = call.arguments
        self._handle = handle
        self._counters = counters
        self._rule = rule
        self._position = position

    def run(self, row: Row, window: list[Row]) -> Any:
        if self.aggregate:
            values = [[argument.of(each) for each in window] for argument in self._arguments]
        else:
            values = [argument.of(row) for argument in self._arguments]
        start = time.perf_counter()
        try:
            return self._handle.exec(*values, rule=self._rule, op=_OP, func_id=self._position)
        except CallError:
            self._counters.errors += 1
            raise
        finally:
            self._counters.latency.add(time.perf_counter() - start)
