"""Functions of a whole window or group: each argument is a list with a value per row."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..gotext import go_type, go_value
from ..nodes import Expr
from ..operators import ErrorValue
from .arrays import count, first_valid, largest
from .builtin import Builtin, Failed, any_of, is_boolean, numbers

__all__ = ["FUNCTIONS"]

_NUMBER = numbers(1)


def _sum(values: list[Any], name: str = "sum") -> Any:
    first = first_valid(values)
    if first is None:
        return None
    if type(first) not in (int, float):
        shown = f"{go_type(first)}({go_value(first)})"
        raise Failed(f"run {name} function error: found invalid arg {shown}")
    kind = type(first)
    total: int | float = kind(0)
    for value in values:
        if value is None:
            continue
        if kind is int and type(value) is float:
            value = int(value)
        if type(value) is not kind:
            wanted = "int" if kind is int else "float64"
            raise Failed(f"requires {wanted} but found {go_type(value)}({go_value(value)})")
        total += value
    return total


def _average(values: list[Any]) -> Any:
    total, rows = _sum(values, "avg"), count(values)
    if total is None:
        return None
    if type(total) is int:
        return int(math.copysign(abs(total) // rows, total))
    return total / rows


def _median(values: list[Any]) -> Any:
    if type(values[0]) not in (int, float):
        raise Failed(f"{go_value(values[0])} should be number")
    kind = type(values[0])
    found = sorted(kind(value) for value in _floats(values))
    middle = len(found) // 2
    if len(found) % 2:
        return found[middle]
    return float(found[middle - 1] + found[middle]) / 2


def _floats(values: Sequence[Any]) -> list[float]:
    found = [value for value in values if value is not None]
    if not all(type(value) in (int, float) for value in found):
        shown = go_value(list(values))
        raise Failed(f"requires float64 slice but found []interface {{}}({shown})")
    return [float(value) for value in found]


def _spread(values: list[Any], *, sample: bool, root: bool) -> Any:
    found = _floats(values)
    if not found:
        return None
    mean = math.fsum(found) / len(found)
    rows = len(found) - 1 if sample else len(found)
    variance = sum((value - mean) ** 2 for value in found) / rows if rows else math.nan
    return math.sqrt(variance) if root else variance


def _merged(values: list[Any]) -> Any:
    found: dict[str, Any] = {}
    for value in values:
        if type(value) is dict:
            found.update(value)
    return found or None


def _collected(values: list[Any]) -> list[Any]:
    return [{} if isinstance(value, ErrorValue) else value for value in values]


def _last(values: list[Any], skip: list[Any]) -> Any:
    flag = first_valid(skip)
    if type(flag) is not bool:
        raise Failed(f"the second parameter requires bool but found {go_type(flag)}")
    valid = [value for value in values if value is not None]
    return valid[-1] if flag and valid else values[-1]


def _check_last(args: Sequence[Expr]) -> None:
    any_of(2)(args)
    if not is_boolean(args[1]):
        raise ValueError("Expect bool type for parameter 2")


def _aggregate(run: Any, check: Any = _NUMBER, *, empty: bool = False) -> Builtin:
    return Builtin(run, check, "run" if empty else "null", "aggregate")


FUNCTIONS: Mapping[str, Builtin] = {
    "avg": _aggregate(_average),
    "collect": _aggregate(_collected, any_of(1), empty=True),
    "count": _aggregate(count, any_of(1)),
    "last_value": _aggregate(_last, _check_last),
    "max": _aggregate(lambda values: largest(values, 1)),
    "median": _aggregate(_median),
    "merge_agg": _aggregate(_merged, any_of(1)),
    "min": _aggregate(lambda values: largest(values, -1)),
    "stddev": _aggregate(lambda values: _spread(values, sample=False, root=True)),
    "stddevs": _aggregate(lambda values: _spread(values, sample=True, root=True)),
    "sum": _aggregate(_sum),
    "var": _aggregate(lambda values: _spread(values, sample=False, root=False)),
    "vars": _aggregate(lambda values: _spread(values, sample=True, root=False)),
}
"""Every function by its name, in lower case."""
