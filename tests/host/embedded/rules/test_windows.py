"""Windows of rows and of time."""

from __future__ import annotations

from datetime import datetime

import pytest

from ekuiper.host.embedded.rules.data import Row, Span
from ekuiper.host.embedded.rules.nodes import Window
from ekuiper.host.embedded.rules.windows import CountWindow, TumblingWindow, first_end


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("length", "unit", "now", "end"),
    [
        (10, "ss", "2024-05-06 07:08:12.500", "2024-05-06 07:08:20"),
        (10, "ss", "2024-05-06 07:08:02", "2024-05-06 07:08:10"),
        (1, "ss", "2024-05-06 07:08:59.999", "2024-05-06 07:09:00"),
        (7, "ss", "2024-05-06 07:08:58", "2024-05-06 07:09:03"),
        (500, "ms", "2024-05-06 07:08:12.700", "2024-05-06 07:08:13"),
        (1500, "ms", "2024-05-06 07:08:12.700", "2024-05-06 07:08:13.500"),
        (5, "mi", "2024-05-06 07:08:12", "2024-05-06 07:10:00"),
        (2, "hh", "2024-05-06 07:08:12", "2024-05-06 08:00:00"),
        (1, "dd", "2024-05-06 07:08:12", "2024-05-07 00:00:00"),
    ],
)
def test_the_first_window_is_aligned(length, unit, now, end):
    """It ends at a multiple of its length within the next greater unit, as eKuiper aligns it."""
    window = Window(0, "tumbling", length, unit)
    assert first_end(window, millis(now)) == millis(end)


def test_windows_follow_each_other():
    """The first is shorter, those after it have full length; rows go to the one they came in."""
    window = TumblingWindow(Window(0, "tumbling", 10, "ss"), millis("2024-05-06 07:08:12"))
    row = Row({"a": 1})
    window.add(row)
    assert len(window) == 1
    span = Span(millis("2024-05-06 07:08:12"), millis("2024-05-06 07:08:20"))
    assert window.end() == ([row], span)
    assert row.span == span
    assert window.end() == ([], Span(span.end, span.end + 10_000))


def test_so_many_rows():
    """A count window gives its rows when it is full, and begins again."""
    window = CountWindow(Window(0, "count", 2))
    rows = [Row({"a": number}) for number in range(3)]
    assert window.add(rows[0]) is None
    assert window.add(rows[1]) == rows[:2]
    assert window.add(rows[2]) is None
    assert len(window) == 1
    assert window.due is None
