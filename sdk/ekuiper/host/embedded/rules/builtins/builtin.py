"""What a built-in function is, and how its arguments are judged when a rule is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal as Choice

from ..gotext import go_type, go_value
from ..nodes import Binary, Expr, Kind, Literal, TimeUnit

__all__ = [
    "Builtin",
    "Check",
    "Failed",
    "any_of",
    "at_least",
    "between",
    "is_boolean",
    "numbers",
    "texts",
    "to_float",
    "to_int",
    "whole_numbers",
]

Check = Callable[[Sequence[Expr]], None]
_LOGIC = {"AND", "OR", "=", "!=", "<", "<=", ">", ">=", "IN", "LIKE", "BETWEEN"}


class Failed(Exception):
    """The function cannot do it. In a select with aggregates that comes to NULL, else to an error
    of the row."""


@dataclass(frozen=True)
class Builtin:
    """`run` gets the arguments; `check` raises `ValueError` for such as can never work, in
    eKuiper's words.

    `empty` is what comes out, without `run`, if any argument is NULL, an empty array or an empty
    object; "run" where the function sees them.
    """

    run: Callable[..., Any]
    check: Check
    empty: Choice["null", "false", "zero", "run"] = "null"
    kind: Kind = "scalar"

    def call(self, args: list[Any]) -> Any:
        """The result. Raises `Failed`, or `EvalError`."""
        if self.empty != "run" and any(_is_empty(arg) for arg in args):
            return {"null": None, "false": False, "zero": 0}[self.empty]
        return self.run(*args)


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in (list, dict) and not value)


def any_of(count: int) -> Check:
    """So many arguments of any type."""

    def check(args: Sequence[Expr]) -> None:
        if len(args) != count:
            raise ValueError(f"Expect {count} arguments but found {len(args)}.")

    return check


def at_least(count: int) -> Check:
    """So many arguments or more."""

    def check(args: Sequence[Expr]) -> None:
        if len(args) < count:
            raise ValueError(f"At least has {count} argument but found {len(args)}.")

    return check


def between(low: int, high: int) -> Check:
    """From so many to so many arguments."""

    def check(args: Sequence[Expr]) -> None:
        if not low <= len(args) <= high:
            raise ValueError(f"Expect {low} to {high} arguments but found {len(args)}.")

    return check


def numbers(count: int, most: int | None = None) -> Check:
    """Numbers, as far as the statement tells."""
    return _typed(count, most, "number - float or int", lambda arg: not is_other(arg, "number"))


def whole_numbers(count: int) -> Check:
    """Whole numbers, as far as the statement tells."""
    return _typed(count, None, "int", lambda arg: not is_other(arg, "int"))


def texts(count: int, *, then_int: int = 0) -> Check:
    """Texts, as far as the statement tells, and then whole numbers."""
    first = _typed(count + then_int, None, "string", lambda arg: not is_other(arg, "text"), count)

    def check(args: Sequence[Expr]) -> None:
        first(args)
        for position, arg in enumerate(args[count:], count):
            if is_other(arg, "int"):
                raise ValueError(f"Expect int type for parameter {position + 1}")

    return check


def _typed(
    count: int,
    most: int | None,
    name: str,
    fits: Callable[[Expr], bool],
    judged: int | None = None,
) -> Check:
    def check(args: Sequence[Expr]) -> None:
        if most is not None and not count <= len(args) <= most:
            raise ValueError(f"Expect {count} or {most} arguments only")
        if most is None:
            any_of(count)(args)
        for position, arg in enumerate(args[:judged]):
            if not fits(arg):
                raise ValueError(f"Expect {name} type for parameter {position + 1}")

    return check


def is_other(arg: Expr, wanted: Choice["number", "int", "text"]) -> bool:
    """Whether an argument is, as the statement shows, of another type than the one wanted."""
    if isinstance(arg, TimeUnit) or is_boolean(arg):
        return True
    if not isinstance(arg, Literal):
        return False
    if isinstance(arg.value, str):
        return wanted != "text"
    return wanted == "text" or (wanted == "int" and isinstance(arg.value, float))


def is_boolean(arg: Expr) -> bool:
    """Whether an argument is a truth value, as the statement shows."""
    if isinstance(arg, Binary):
        return arg.op.removeprefix("NOT ") in _LOGIC
    return isinstance(arg, Literal) and isinstance(arg.value, bool)


def to_float(value: Any) -> float:
    """A number as float. Raises `Failed`."""
    if type(value) in (int, float):
        return float(value)
    raise Failed(f"cannot convert {go_type(value)}({go_value(value)}) to float64")


def to_int(value: Any, *, strict: bool = True) -> int:
    """A number as int; one with a fraction only where not `strict`. Raises `Failed`."""
    if type(value) is int or (type(value) is float and (not strict or value.is_integer())):
        return int(value)
    raise Failed(f"cannot convert {go_type(value)}({go_value(value)}) to int")
