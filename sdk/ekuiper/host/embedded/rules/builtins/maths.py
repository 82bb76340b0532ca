"""Mathematical functions."""

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from ..gotext import go_float
from ..operators import EvalError
from .builtin import Builtin, Failed, any_of, numbers, to_float, to_int, whole_numbers

__all__ = ["FUNCTIONS"]


def _absolute(value: Any) -> Any:
    if type(value) not in (int, float):
        raise Failed("only float64 & int type are supported")
    return abs(value)


def _real(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of one number; NULL where it has no value."""

    def run(value: Any) -> Any:
        number = to_float(value)
        try:
            found = function(number)
        except ValueError:
            return None
        except OverflowError:
            return math.inf
        return None if math.isnan(found) else found

    return run


def _root(value: Any) -> float:
    number = to_float(value)
    if number < 0:
        raise EvalError(f"The argument must be a positive number but got {go_float(number)}")
    return math.sqrt(number)


def _logarithm(value: float, function: Callable[[float], float], shown: float) -> float:
    if value == 0:
        return -math.inf
    if value < 0:
        number = go_float(shown)
        raise EvalError(f"The argument must be a strictly positive number but got {number}")
    return function(value)


def _natural(value: Any) -> float:
    number = to_float(value)
    return _logarithm(number, math.log, number)


def _log(base: Any, value: Any = None) -> float:
    first = to_float(base)
    if value is None:
        return _logarithm(first, math.log10, first)
    second = to_float(value)
    return _logarithm(second, math.log, first) / _logarithm(first, math.log, first)


def _power(base: Any, exponent: Any) -> float:
    first, second = to_float(base), to_float(exponent)
    try:
        return math.pow(first, second)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if first == 0 else math.nan


def _modulo(value: Any, by: Any) -> float:
    first, second = to_float(value), to_float(by)
    return math.nan if second == 0 else math.fmod(first, second)


def _away_from_zero(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value) if abs(value) < 2**52 else value


def _round(value: Any, digits: Any = 0) -> float:
    places = to_int(digits, strict=False)
    factor = math.pow(10, places)
    return _away_from_zero(to_float(value) * factor) / factor


def _truncate(value: Any, digits: Any) -> float:
    """Rounds, whatever its name says, as eKuiper's does."""
    number = to_float(value)
    if type(digits) is not int:
        raise Failed("The 2nd parameter must be int value.")
    factor = math.pow(10, digits)
    return int(number * factor + math.copysign(0.5, number * factor)) / factor


def _sign(value: Any) -> int:
    number = to_float(value)
    return (number > 0) - (number < 0)


def _whole(function: Callable[[float], int]) -> Callable[[Any], float]:
    return lambda value: float(function(to_float(value)))


def _bits(function: Callable[..., int]) -> Callable[..., int]:
    def run(*args: Any) -> int:
        return function(*[_operand(arg, position) for position, arg in enumerate(args)])

    return run


def _operand(value: Any, position: int) -> int:
    try:
        return to_int(value)
    except Failed:
        which = ("first", "second")[position]
        raise Failed(f"Expect int type for the {which} operand but got {value}") from None


_ONE = numbers(1)
_TWO = numbers(2)

FUNCTIONS: Mapping[str, Builtin] = {
    "abs": Builtin(_absolute, _ONE),
    "acos": Builtin(_real(math.acos), _ONE),
    "asin": Builtin(_real(math.asin), _ONE),
    "atan": Builtin(_real(math.atan), _ONE),
    "atan2": Builtin(lambda a, b: math.atan2(to_float(a), to_float(b)), _TWO),
    "bitand": Builtin(_bits(lambda a, b: a & b), whole_numbers(2)),
    "bitnot": Builtin(_bits(lambda a: ~a), whole_numbers(1)),
    "bitor": Builtin(_bits(lambda a, b: a | b), whole_numbers(2)),
    "bitxor": Builtin(_bits(lambda a, b: a ^ b), whole_numbers(2)),
    "ceil": Builtin(_whole(math.ceil), _ONE),
    "ceiling": Builtin(_whole(math.ceil), _ONE),
    "cos": Builtin(_real(math.cos), _ONE),
    "cosh": Builtin(_real(math.cosh), _ONE),
    "degrees": Builtin(_real(lambda x: x * (180 / math.pi)), _ONE),
    "exp": Builtin(_real(math.exp), _ONE),
    "floor": Builtin(_whole(math.floor), _ONE),
    "ln": Builtin(_natural, _ONE),
    "log": Builtin(_log, numbers(1, 2)),
    "mod": Builtin(_modulo, _TWO),
    "pi": Builtin(lambda: math.pi, any_of(0)),
    "pow": Builtin(_power, _TWO),
    "power": Builtin(_power, _TWO),
    "radians": Builtin(_real(lambda x: x * (math.pi / 180)), _ONE),
    "rand": Builtin(random.random, any_of(0)),
    "round": Builtin(_round, numbers(1, 2)),
    "sign": Builtin(_sign, _ONE),
    "sin": Builtin(_real(math.sin), _ONE),
    "sinh": Builtin(_real(math.sinh), _ONE),
    "sqrt": Builtin(_root, _ONE),
    "tan": Builtin(_real(math.tan), _ONE),
    "tanh": Builtin(_real(math.tanh), _ONE),
    "trunc": Builtin(_truncate, _TWO),
}
"""Every function by its name, in lower case."""
