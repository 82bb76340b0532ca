"""Arithmetic, comparison and logic with eKuiper's rules.

Numbers of rows are floats, those of statements what they look like, so 7 / 2 is 3 while a / 2 is
3.5. NULL in a comparison, AND or OR makes it FALSE, in arithmetic NULL. Other types do not mix.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from .gotext import go_type, go_value

__all__ = ["ErrorValue", "EvalError", "binary", "to_int64"]


class EvalError(Exception):
    """An expression has no value; the row it is for is gone."""


class ErrorValue:
    """What an aggregate gets for a row that its argument failed for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


_FALSE_WITHOUT = {"AND", "OR", "&", "|", "^", "=", "!=", ">", ">=", "<", "<="}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPUTE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_BITS: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_LOGIC: dict[str, Callable[[bool, bool], bool]] = {
    "AND": lambda a, b: a and b,
    "OR": lambda a, b: a or b,
    "&": lambda a, b: a and b,
    "|": lambda a, b: a or b,
    "^": operator.ne,
    "=": operator.eq,
    "!=": operator.ne,
}


def binary(op: str, left: Any, right: Any) -> Any:
    """The value of two values. Raises `EvalError`."""
    if left is None or right is None:
        return False if op in _FALSE_WITHOUT else None
    kinds = (type(left), type(right))
    if kinds == (float, float):
        return _floats(op, left, right)
    if kinds == (int, int):
        return _integers(op, left, right)
    if kinds in ((float, int), (int, float)):
        return _floats(op, float(left), float(right))
    table = {(str, str): _COMPARE, (bool, bool): _LOGIC}.get(kinds, {})
    if op not in table:
        raise invalid(op, left, right)
    return table[op](left, right)


def invalid(op: str, left: Any, right: Any) -> EvalError:
    """The error of an operator that such values do not have."""
    shown = f"{go_type(left)}({go_value(left)}) {op} {go_type(right)}({go_value(right)})"
    return EvalError(f"invalid operation {shown}")


def to_int64(value: int) -> int:
    """What is left of a number in 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def _floats(op: str, left: float, right: float) -> Any:
    if op in _COMPARE:
        return _COMPARE[op](left, right)
    try:
        if op in _COMPUTE:
            return _COMPUTE[op](left, right)
        if op in ("/", "%") and right == 0:
            raise EvalError("divided by zero")
        if op == "/":
            return left / right
        if op == "%":
            return math.fmod(left, right)
    except (OverflowError, ValueError):
        return math.nan if op == "%" else math.inf
    raise invalid(op, left, right)


def _integers(op: str, left: int, right: int) -> Any:
    if op in _COMPARE:
        return _COMPARE[op](left, right)
    if op in _COMPUTE:
        return to_int64(_COMPUTE[op](left, right))
    if op in _BITS:
        return _BITS[op](left, right)
    if op not in ("/", "%"):
        raise invalid(op, left, right)
    if right == 0:
        raise EvalError("divided by zero")
    quotient = abs(left) // abs(right)
    quotient = quotient if (left < 0) == (right < 0) else -quotient
    return to_int64(quotient) if op == "/" else left - right * quotient
