"""Numbers, durations and rows as people read them."""

import json
from typing import Any

__all__ = ["cell", "clock", "count", "duration", "rate", "times"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def count(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def rate(per_second: float) -> str:
    """Three digits at least: `0.50`, `12.3`, `1,234`."""
    if per_second >= 100:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 10 or per_second == 0 else f"{per_second:.2f}"


def duration(seconds: float | None) -> str:
    """`850 µs`, `1.24 ms`, `3.1 s`; a dash for None."""
    if seconds is None:
        return "–"
    unit, name = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    value = seconds / unit
    return f"{value:.0f} {name}" if value >= 100 else f"{value:.3g} {name}"


def clock(seconds: float) -> str:
    """`0:07`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def times(number: int, what: str) -> str:
    """`1 error`, `3 errors`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def cell(value: Any) -> str:
    """One value of a row on one line."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else "·" for character in text)
