"""Functions of texts."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from ..gotext import go_value
from ..nodes import Expr, Literal
from ..patterns import compile_pattern, expand
from .builtin import Builtin, Failed, any_of, at_least, texts, to_float, to_int

__all__ = ["FUNCTIONS", "text"]


def text(value: Any) -> str:
    """Any value as text; NULL is empty."""
    return "" if value is None else go_value(value)


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: function(*map(text, args))


def _check_concat(args: Sequence[Expr]) -> None:
    if not args:
        raise ValueError("The arguments should be at least one.")
    texts(len(args))(args)


def _length(value: Any) -> int:
    return len(value) if type(value) in (list, dict) else len(text(value))


def _index(value: Any, part: Any) -> int:
    if value is None or part is None:
        return -1
    return text(value).encode().find(text(part).encode())


def _pad(value: Any, count: Any) -> str:
    blanks = to_int(count)
    if blanks < 0:
        raise Failed("strings: negative Repeat count")
    return " " * blanks


def _substring(value: Any, start: Any, end: Any = None) -> str:
    """Counts bytes, as eKuiper does."""
    data, first = text(value).encode(), to_int(start)
    if first < 0:
        raise Failed("start index must be a positive number")
    last = len(data) if end is None else to_int(end)
    if last < 0:
        raise Failed("end index must be a positive number")
    if end is not None and first > last:
        raise Failed("start index must be smaller than end index")
    return data[first:last].decode("utf-8", "replace")


def _check_substring(args: Sequence[Expr]) -> None:
    if len(args) not in (2, 3):
        raise ValueError("the arguments for substring should be 2 or 3")
    texts(1, then_int=len(args) - 1)(args)
    ends = [arg.value for arg in args[1:] if isinstance(arg, Literal)]
    if ends and float(ends[0]) < 0:
        raise ValueError("The start index should not be a nagtive integer.")
    if len(ends) == 2 and float(ends[1]) < float(ends[0]):
        raise ValueError("The end index should be larger than start index.")


def _split(value: Any, separator: Any, index: Any) -> str:
    by = text(separator)
    parts = text(value).split(by) if by else list(text(value))
    try:
        number = to_int(index)
    except Failed:
        number = 0
    if not -len(parts) <= number < len(parts):
        raise Failed(f"{number} out of index array (size = {len(parts)})")
    return parts[number]


def _check_split(args: Sequence[Expr]) -> None:
    if len(args) != 3:
        raise ValueError("the arguments for split_value should be 3")
    texts(2, then_int=1)(args)
    if isinstance(args[2], Literal) and float(args[2].value) < 0:
        raise ValueError("The index should not be a nagtive integer.")


def _matches(value: str, pattern: str) -> bool:
    return _compiled(pattern).search(value) is not None


def _replace(value: str, pattern: str, replacement: str) -> str:
    replaced: str = _compiled(pattern).sub(lambda found: expand(replacement, found), value)
    return replaced


def _find(value: str, pattern: str) -> str:
    found = _compiled(pattern).search(value)
    return "" if found is None else str(found[0])


def _compiled(pattern: str) -> Any:
    try:
        return compile_pattern(pattern)
    except ValueError as error:
        raise Failed(str(error)) from error


def _format(value: Any, digits: Any) -> str:
    try:
        number = to_float(value)
    except Failed:
        number = 0.0
    places = to_int(digits)
    if places < 0:
        raise Failed("the decimal places must greater or equal than 0")
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{rounded:f}"


def _check_format(args: Sequence[Expr]) -> None:
    at_least(2)(args)
    if not isinstance(args[1], Literal) or type(args[1].value) is not int:
        raise ValueError("Expect integer type for parameter 2")
    if len(args) > 2:
        raise ValueError("a locale is not supported here; a real eKuiper runs it")


_ONE = texts(1)
_TWO = texts(2)

FUNCTIONS: Mapping[str, Builtin] = {
    "concat": Builtin(lambda *args: "".join(map(text, args)), _check_concat, "run"),
    "endswith": Builtin(_of_text(str.endswith), _TWO, "false"),
    "format": Builtin(_format, _check_format),
    "indexof": Builtin(_index, _TWO, "run"),
    "length": Builtin(_length, any_of(1), "zero"),
    "lower": Builtin(_of_text(str.lower), _ONE),
    "lpad": Builtin(lambda a, n: _pad(a, n) + text(a), texts(1, then_int=1)),
    "ltrim": Builtin(_of_text(str.lstrip), _ONE),
    "numbytes": Builtin(lambda a: len(text(a).encode()), _ONE, "zero"),
    "regexp_matches": Builtin(_of_text(_matches), _TWO, "false"),
    "regexp_replace": Builtin(_of_text(_replace), texts(3)),
    "regexp_substr": Builtin(_of_text(_find), _TWO),
    "reverse": Builtin(lambda a: text(a)[::-1], _ONE),
    "rpad": Builtin(lambda a, n: text(a) + _pad(a, n), texts(1, then_int=1)),
    "rtrim": Builtin(_of_text(str.rstrip), _ONE),
    "split_value": Builtin(_split, _check_split),
    "startswith": Builtin(_of_text(str.startswith), _TWO, "false"),
    "substring": Builtin(_substring, _check_substring),
    "trim": Builtin(_of_text(str.strip), _ONE),
    "upper": Builtin(_of_text(str.upper), _ONE),
}
"""Every function by its name, in lower case."""
