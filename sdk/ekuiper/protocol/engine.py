"""JSON by orjson where it is installed, by the standard library elsewhere, with one meaning.

The engine is chosen at its first use, not at import: orjson loads half the standard library, which
a supervisor shall not. Nor shall it load what `json` needs (`re`, which needs `enum`), so what that
itself uses, `_json`, is used without it. EKUIPER_JSON=stdlib or orjson overrides the choice.
"""

import os
from collections.abc import Callable
from functools import cache
from math import isfinite

from ..errors import ConfigError, MalformedMessageError, UnsupportedValueError
from ..typed import Any, NamedTuple
from .values import plain, plain_tree, type_name

__all__ = ["Engine", "dumps", "engine", "loads", "quoted", "stdlib_dumps", "stdlib_loads"]


class Engine(NamedTuple):
    """One way to read and write JSON; callers use `loads` and `dumps`, which know its errors."""

    name: str
    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]


@cache
def engine() -> Engine:
    """The engine of this process. Raises `ConfigError` when EKUIPER_JSON asks for what is not."""
    choice = os.environ.get("EKUIPER_JSON", "")
    if choice not in ("", "stdlib", "orjson"):
        raise ConfigError("EKUIPER_JSON", f"must be stdlib or orjson, not {choice!r}")
    if choice != "stdlib":
        try:
            return _orjson()
        except ImportError as error:
            if choice == "orjson":
                advice = "run pip install 'ekuiper[fast]', or unset EKUIPER_JSON"
                raise ConfigError("EKUIPER_JSON", f"{error}; {advice}") from None
    return Engine("stdlib", _loads, _dumps)


def loads(frame: bytes) -> Any:
    """The value in `frame`, strict JSON in UTF-8. Raises `MalformedMessageError`.

    An integer that does not fit into 64 bits comes as float, which it was in the host. How deep
    values may be nested is the engine's business: some hundreds of levels are fine in both.
    """
    try:
        return engine().loads(frame)
    except (ValueError, RecursionError):
        return stdlib_loads(frame, frame)


def stdlib_loads(frame: bytes, part: bytes) -> Any:
    """The value in `part` of `frame`, by the standard library, which has the last word on it."""
    try:
        return _loads(part)
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}"
    except ValueError as error:
        reason = f"not JSON: {error}"
        if hasattr(error, "msg") and hasattr(error, "pos"):  # a `json.JSONDecodeError`
            reason = f"not JSON: {error.msg} at character {error.pos}"
    except RecursionError:
        reason = "nested too deeply"
    raise MalformedMessageError(frame, reason)


def dumps(value: Any, path: str) -> bytes:
    """`value` as compact strict JSON in UTF-8, by the rules of `values`.

    Raises `UnsupportedValueError` naming what has no JSON form and where under `path` it stands.
    """
    try:
        return engine().dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _dumps_with_care(value, path)


def stdlib_dumps(value: Any, path: str) -> bytes:
    """`dumps`, by the standard library."""
    try:
        return _dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _dumps_with_care(value, path)


def _dumps_with_care(value: Any, path: str) -> bytes:
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


def _loads(frame: bytes) -> Any:
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


def _dumps(value: Any) -> bytes:
    kind = type(value)
    if kind is int and _LEAST <= value < _TOO_MUCH:
        return b"%d" % value
    if kind is float and isfinite(value):
        return repr(value).encode()
    frame = _encode(value).encode()
    if len(frame) > _LONGEST_FLOAT and _BEYOND_FLOAT in frame.translate(_DIGITS_TO_0):
        raise ValueError("perhaps an integer beyond float64, which the host cannot read")
    return frame


def _orjson() -> Engine:
    import orjson

    dump = orjson.dumps
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

    def dumps_or_stdlib(value: Any) -> bytes:
        try:
            return dump(value, plain, options)
        except TypeError:  # keys of other types, longer integers and deeper values than it takes
            return _dumps(value)

    return Engine("orjson", orjson.loads, dumps_or_stdlib)
