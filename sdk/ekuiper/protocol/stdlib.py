"""JSON by the standard library.

Without its package `json`, which loads `re`, which loads `enum`: by `_json`, which that is made of.
So a supervisor has it for 20 kB.
"""

from collections.abc import Callable
from math import isfinite

from ..errors import MalformedMessageError, UnsupportedValueError
from ..typed import Any
from .values import plain, plain_tree, type_name

__all__ = ["decoded", "dumps_with_care", "encoded", "quoted", "stdlib_dumps", "stdlib_loads"]


def stdlib_loads(frame: bytes, part: bytes) -> Any:
    """The value in `part` of `frame`, by the standard library, which has the last word on it."""
    try:
        return decoded(part)
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}"
    except ValueError as error:
        reason = f"not JSON: {error}"
        if hasattr(error, "msg") and hasattr(error, "pos"):  # a `json.JSONDecodeError`
            reason = f"not JSON: {error.msg} at character {error.pos}"
    except RecursionError:
        reason = "nested too deeply"
    raise MalformedMessageError(frame, reason)


def stdlib_dumps(value: Any, path: str) -> bytes:
    """`dumps`, by the standard library."""
    try:
        return encoded(value)
    except (TypeError, ValueError, RecursionError):
        return dumps_with_care(value, path)


def dumps_with_care(value: Any, path: str) -> bytes:
    try:
        return _encode(plain_tree(value, path)).encode()
    except RecursionError:
        raise UnsupportedValueError(type_name(value), path, "is nested too deeply") from None


_LEAST, _TOO_MUCH = -(1 << 63), 1 << 64  # integers that fit into 64 bits, signed or not


def _constant(token: str) -> Any:
    raise ValueError(f"it has no {token}")


def _integer(digits: str) -> int | float:
    """As orjson reads it. Longer than 20 characters never fits, and `int` may refuse thousands."""
    number = int(digits) if len(digits) <= 20 else 1 << 64
    return number if _LEAST <= number < _TOO_MUCH else float(digits)


_Number = Callable[[str], int | float]


class _Rules:
    """How to read, as `json.JSONDecoder` tells `_json`."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_constant = staticmethod(_constant)

    def __init__(self, parse_int: _Number) -> None:
        self.parse_int = parse_int


def _make_scan(parse_int: _Number) -> Callable[[str, int], tuple[Any, int]]:
    """What reads one value in a text, from a place on: the value, and its end."""
    try:
        from _json import make_scanner
    except ImportError:  # an interpreter without it
        import json

        return json.JSONDecoder(parse_constant=_constant, parse_int=parse_int).raw_decode
    scan: Callable[[str, int], tuple[Any, int]] = make_scanner(
        _Rules(parse_int)  # type: ignore[arg-type]
    )
    return scan


_scan = _make_scan(int)
_scan_with_care = _make_scan(_integer)
_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
_LONGEST_FLOAT = 308  # digits before the point
_BEYOND_FLOAT = b"0" * (_LONGEST_FLOAT + 1)


def decoded(frame: bytes) -> Any:
    text = str(frame, "utf-8")
    # A callback for each integer is slow, so only where there may be one of more than 63 bits.
    careful = len(frame) > 18 and b"0" * 19 in frame.translate(_DIGITS_TO_0)
    try:
        value, end = (_scan_with_care if careful else _scan)(text, 0)
        if end == len(text):
            return value
    except (StopIteration, ValueError, SystemError):  # the last: Python 3.10, without `json`
        pass
    import json  # slower: allows blanks around it, or says what is wrong

    parse_int = _integer if careful else None
    return json.JSONDecoder(parse_constant=_constant, parse_int=parse_int).decode(text)


try:
    from _json import encode_basestring as quoted
except ImportError:
    from json.encoder import encode_basestring as quoted


def _make_encode() -> Callable[[Any], str]:
    """The C encoder, made once: `JSONEncoder.encode` makes one per call, a third of its time."""
    try:
        from _json import make_encoder

        encode = make_encoder(None, plain, quoted, None, ":", ",", False, False, False)
    except (ImportError, TypeError):  # an interpreter without it, or with another signature
        import json

        return json.JSONEncoder(
            ensure_ascii=False,
            check_circular=False,
            allow_nan=False,
            separators=(",", ":"),
            default=plain,
        ).encode
    return lambda value: "".join(encode(value, 0))


_encode = _make_encode()


def encoded(value: Any) -> bytes:
    kind = type(value)
    if kind is int and _LEAST <= value < _TOO_MUCH:
        return b"%d" % value
    if kind is float and isfinite(value):
        return repr(value).encode()
    frame = _encode(value).encode()
    if len(frame) > _LONGEST_FLOAT and _BEYOND_FLOAT in frame.translate(_DIGITS_TO_0):
        raise ValueError("perhaps an integer beyond float64, which the host cannot read")
    return frame
