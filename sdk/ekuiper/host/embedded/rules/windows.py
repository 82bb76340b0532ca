"""Windows: rows are kept until there are enough of them, or their time is over."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from .data import Row, Span
from .nodes import UNITS, Window

__all__ = ["CountWindow", "TumblingWindow", "first_end"]


class CountWindow:
    """So many rows each, those that WHERE will drop among them."""

    due: int | None = None
    """When rows go on without a new one; never."""

    def __init__(self, window: Window) -> None:
        self._length = window.length
        self._rows: list[Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> Sequence[Row] | None:
        """Take a row; returns the window's rows when that makes it full."""
        self._rows.append(row)
        if len(self._rows) < self._length:
            return None
        rows, self._rows = self._rows, []
        now = round(time.time() * 1000)
        return _marked(rows, Span(now, now))

    def end(self) -> tuple[Sequence[Row], Span]:
        raise NotImplementedError


class TumblingWindow:
    """A stretch of time each, without gaps; the first ends where the clock reads a multiple of the
    length. Times are milliseconds since 1970; it begins at `now`."""

    def __init__(self, window: Window, now: int) -> None:
        self._length = window.length * UNITS[window.unit.upper()]
        self._start = now
        self._rows: list[Row] = []
        self.due: int | None = first_end(window, now)
        """When it ends."""

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> None:
        """Take a row that came before `due`."""
        self._rows.append(row)

    def end(self) -> tuple[Sequence[Row], Span]:
        """Its time is over: returns its rows, perhaps none; the next one begins."""
        assert self.due is not None
        span = Span(self._start, self.due)
        rows, self._rows = self._rows, []
        self._start, self.due = self.due, self.due + self._length
        return _marked(rows, span), span


def first_end(window: Window, now: int) -> int:
    """When the first window ends that begins at `now`: aligned within the next greater unit, so
    that a window of 10 s ends at 0, 10, 20 … s of a minute."""
    moment = datetime.fromtimestamp(now / 1000)
    if window.unit == "dd":
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return round((day + timedelta(days=window.length)).timestamp() * 1000)
    value, start = {
        "hh": (moment.hour, moment.replace(hour=0, minute=0, second=0, microsecond=0)),
        "mi": (moment.minute, moment.replace(minute=0, second=0, microsecond=0)),
        "ss": (moment.second, moment.replace(second=0, microsecond=0)),
        "ms": (moment.microsecond // 1000, moment.replace(microsecond=0)),
    }[window.unit]
    units = window.length
    if value > units:
        units *= value // window.length + 1
    return round(start.timestamp() * 1000) + units * UNITS[window.unit.upper()]


def _marked(rows: Sequence[Row], span: Span) -> Sequence[Row]:
    for row in rows:
        row.span = span
    return rows
