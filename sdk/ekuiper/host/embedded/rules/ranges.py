"""IN, BETWEEN and LIKE."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .gotext import go_type, go_value
from .operators import EvalError, binary
from .patterns import like_pattern

__all__ = ["RANGES", "pattern_of"]


def pattern_of(value: Any) -> re.Pattern[str]:
    """The pattern that a text is. Raises `EvalError`."""
    if type(value) is not str:
        shown = go_value(value)
        raise EvalError(f"invalid LIKE pattern, must be a string but got {shown}")
    try:
        return like_pattern(value)
    except ValueError as error:
        raise EvalError(str(error)) from error


def _is_in(op: str, value: Any, values: Any) -> Any:
    if values is None or value is None:
        return values is None and op == "NOT IN"
    if type(values) is not list:  # which ends the rule in eKuiper
        raise EvalError(f"{op} is an invalid operation for {go_type(values)}")
    try:
        found = any(binary("=", value, each) is True for each in values)
    except EvalError as error:
        raise EvalError(f"evaluate in expression error: {error}") from error
    return found == (op == "IN")


def _is_between(op: str, value: Any, bounds: tuple[Any, Any]) -> Any:
    if value is None or None in bounds:
        return False
    compared = []
    for sign, bound in zip((">=", "<="), bounds, strict=True):
        try:
            compared.append(binary(sign, value, bound))
        except EvalError as error:
            shown = [f"{go_type(each)}({go_value(each)})" for each in (value, bound)]
            words = f"between operator cannot compare {shown[0]} and {shown[1]}"
            raise EvalError(words) from error
    return all(compared) == (op == "BETWEEN")


def _is_like(op: str, value: Any, pattern: re.Pattern[str]) -> bool:
    if type(value) is not str:
        words = f"LIKE operator left operand expects string, but found {go_value(value)}"
        raise EvalError(words)
    return (pattern.search(value) is not None) == (op == "LIKE")


RANGES: Mapping[str, Callable[[str, Any, Any], Any]] = {
    "IN": _is_in,
    "NOT IN": _is_in,
    "BETWEEN": _is_between,
    "NOT BETWEEN": _is_between,
    "LIKE": _is_like,
    "NOT LIKE": _is_like,
}
"""By operator, what it makes of the left and the right operand. Raise `EvalError`."""
