"""Numbers, durations and rows as people read them."""

import json
from collections.abc import Iterable
from typing import Any

__all__ = ["cell", "clock", "count", "decimals", "duration", "rate", "size", "span", "times"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def count(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def rate(per_second: float) -> str:
    """As many digits as matter: `0.50`, `12.3`, `1,234`."""
    if per_second >= 99.5:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 9.95 or per_second == 0 else f"{per_second:.2f}"


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


def span(seconds: float) -> str:
    """`0.04 s`, `10.0 s`, `1:02:03`."""
    if seconds >= 60:
        return clock(seconds)
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"


def size(octets: int) -> str:
    """`312 bytes`, `48 kB`, `9.8 MB`."""
    if octets < 1000:
        return times(octets, "byte")
    value, unit = (octets / 1e6, "MB") if octets >= 1e6 else (octets / 1e3, "kB")
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def times(number: int, what: str) -> str:
    """`1 error`, `3 errors`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def decimals(values: Iterable[Any]) -> int:
    """Digits after the point that a column of numbers needs, up to three."""
    digits = (f"{value:.3f}".rstrip("0") for value in values if isinstance(value, float))
    return max((len(text.partition(".")[2]) for text in digits), default=0)


def cell(value: Any, places: int = 3) -> str:
    """One value of a row on one line, fractions with so many digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{places}f}" if 1e-3 <= abs(value) < 1e9 or not value else f"{value:.3g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else "·" for character in text)
