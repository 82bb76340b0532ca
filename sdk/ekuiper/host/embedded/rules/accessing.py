"""`->` and `[]`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .data import Scope
from .gotext import go_type, go_value
from .operators import EvalError, invalid

__all__ = ["Ends", "access", "whole"]


class Ends(NamedTuple):
    """What stands in brackets; both ends are the same for an index, `end` is None for an end left
    out."""

    start: int
    end: int | None


def access(
    op: str, value: Any, name: str | None, right: Callable[[Scope], Any], scope: Scope
) -> Any:
    """The value's key `name`, or the element or part that `right` says. Raises `EvalError`."""
    if type(value) is dict:
        if op == "->":
            return value.get(name)
        raise EvalError(f"{op} is an invalid operation for {go_type(value)}")
    if type(value) is list:
        if op == "[]":
            return _part(value, right(scope))
        words = f"the result {go_value(value)} is not a type of map[string]interface{{}}"
        raise EvalError(words)
    operand = right(scope)
    if value is None or operand is None:
        return None
    if isinstance(operand, Ends):
        shown = f"{go_type(value)}({go_value(value)})"
        ends = f"*xsql.BracketEvalResult(&{{{operand.start} {operand.end}}})"
        raise EvalError(f"invalid operation {shown} {op} {ends}")
    raise invalid(op, value, operand)


def whole(value: Any, what: str) -> int:
    """An index. Raises `EvalError`; `what` is what it is called."""
    if type(value) not in (int, float):
        shown = f"{go_type(value)}({go_value(value)})"
        raise EvalError(f"{what} is not int: cannot convert {shown} to int")
    return int(value)


def _part(items: list[Any], ends: Ends) -> Any:
    size, (start, end) = len(items), ends
    if start < -size:
        raise EvalError(f"out of index: {start} of {size}")
    if start >= size:
        what = "" if start == end else "start value is "
        raise EvalError(f"{what}out of index: {start} of {size}")
    if start == end:
        return items[start]
    first = start + size if start < 0 else start
    if end is None:
        return items[first:]
    if end < -size or end > size:
        what = "end value is " if end > 0 else ""
        raise EvalError(f"{what}out of index: {end} of {size}")
    if end >= 0 and first >= end:
        words = "start cannot be greater than end. "
        raise EvalError(f"{words}start:{first}  end:{end}")
    return items[first : end + size if end < 0 else end]
