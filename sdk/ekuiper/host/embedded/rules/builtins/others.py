"""Conversions, hashes, times, and what fits nowhere else."""

import base64
import binascii
import hashlib
import re
import time
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..gotext import go_type, go_value, plain_float
from ..nodes import Binary, Expr, Literal, Meta
from .builtin import Builtin, Failed, any_of, at_least, between, is_other, texts, to_int
from .strings import text

__all__ = ["FUNCTIONS", "LATER"]

_TYPES = ("bigint", "float", "string", "boolean", "datetime", "bytea")
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_WHOLE = re.compile(r"[+-]?(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[0-9][0-9_]*)")


def _cast(value: Any, kind: Any) -> Any:
    if type(kind) is not str:
        raise Failed("expect string type for type parameter")
    convert = _CASTS.get(kind)
    if convert is None:
        words = "unknow type, only support bigint, float, string, boolean and datetime"
        raise Failed(words)
    return convert(value)


def _no_cast(value: Any, kind: str) -> Failed:
    shown = f"{go_type(value)}({go_value(value)})"
    return Failed(f"not supported type conversion, got error cannot convert {shown} to {kind}")


def _as_int(value: Any) -> int:
    if type(value) in (int, float, bool):
        return int(value)
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value, 0) if not re.fullmatch(r"[+-]?0[0-7_]+", value) else int(value, 8)
    raise _no_cast(value, "int")


def _as_float(value: Any) -> float:
    if type(value) in (int, float, bool):
        return float(value)
    try:
        return float(value) if type(value) is str and value == value.strip() else _fail()
    except ValueError:
        raise _no_cast(value, "float64") from None


def _fail() -> float:
    raise ValueError


def _as_text(value: Any) -> str:
    if type(value) is bytes:
        return value.decode("utf-8", "replace")
    return plain_float(value) if type(value) is float else go_value(value)


def _as_bool(value: Any) -> bool:
    if type(value) in (bool, int, float):
        return bool(value)
    if type(value) is str and value in _TRUE:
        return True
    if type(value) is str and value in {"0", "f", "F", "FALSE", "false", "False"}:
        return False
    raise _no_cast(value, "bool")


def _as_bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is not str:
        raise Failed(f"cannot convert {go_type(value)}({go_value(value)}) to bytea")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return value.encode()


def _no_time(value: Any) -> Any:
    raise Failed("cast to datetime is not supported here; a real eKuiper runs it")


_CASTS: Mapping[str, Callable[[Any], Any]] = {
    "bigint": _as_int,
    "boolean": _as_bool,
    "bytea": _as_bytes,
    "datetime": _no_time,
    "float": _as_float,
    "string": _as_text,
}


def _check_cast(args: Sequence[Expr]) -> None:
    any_of(2)(args)
    kind = args[1].value if isinstance(args[1], Literal) else None
    if is_other(args[1], "text"):
        raise ValueError("Expect string type for parameter 1")
    if kind is not None and kind not in _TYPES:
        raise ValueError(
            f"Expect one of following value for the 2nd parameter: {', '.join(_TYPES)}."
        )
    if kind == "datetime":
        raise ValueError("cast to datetime is not supported here; a real eKuiper runs it")


def _hash(name: str) -> Callable[[Any], str]:
    return lambda value: hashlib.new(name, text(value).encode()).hexdigest()


def _check_base64(args: Sequence[Expr]) -> None:
    any_of(2)(args)
    if is_other(args[0], "text"):
        raise ValueError("Expect string type for parameter 1")
    if not isinstance(args[1], Literal) or not isinstance(args[1].value, str):
        raise ValueError("Expect string type for parameter 2")
    if args[1].value != "base64":
        raise ValueError("Only base64 is supported for the 2nd parameter.")


def _encode(value: Any, kind: str) -> str:
    if type(value) is not str:
        raise Failed("Only string type can be encoded.")
    return base64.b64encode(value.encode()).decode()


def _decode(value: Any, kind: str) -> bytes:
    if type(value) is not str:
        raise Failed("Only string type can be decoded.")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Failed(f"fail to decode base64 string: {error}") from error


def _chr(value: Any) -> int:
    """The number of a character, which is what eKuiper's gives."""
    if type(value) in (int, float):
        return int(value)
    if type(value) is str:
        if len(value.encode()) > 1:
            raise Failed("Parameter length cannot larger than 1.")
        return ord(value)
    raise Failed("Only bigint, float and string type can be convert to char type.")


def _check_chr(args: Sequence[Expr]) -> None:
    any_of(1)(args)
    unfit = is_other(args[0], "int") and not (
        isinstance(args[0], Literal) and isinstance(args[0].value, str)
    )
    if unfit:
        raise ValueError("Expect int type for parameter 1")


def _from_hex(value: Any) -> int:
    if type(value) is not str:
        raise Failed(f"invalid input type: {go_value(value)} please input hex string")
    digits = value.removeprefix("0x")
    if not re.fullmatch(r"[+-]?[0-9a-fA-F]+", digits):
        raise Failed(f"invalid hexadecimal value: {digits}")
    return int(digits, 16)


def _to_hex(value: Any) -> str:
    number = to_int(value)
    return f"0x{number:x}" if number >= 0 else f"0x-{-number:x}"


def _now(fraction: Any = 0) -> str:
    return _local("%Y-%m-%d %H:%M:%S", fraction)


def _time(fraction: Any = 0) -> str:
    return _local("%H:%M:%S", fraction)


def _local(form: str, fraction: Any) -> str:
    digits = to_int(fraction)
    if not 0 <= digits <= 6:
        raise Failed("fsp must be between 0 and 6")
    now = datetime.now()
    tail = f".{now.microsecond:06d}"[: digits + 1] if digits else ""
    return now.strftime(form) + tail


def _check_meta(args: Sequence[Expr]) -> None:
    any_of(1)(args)
    inner = args[0]
    while isinstance(inner, Binary):
        inner = inner.left
    if not isinstance(inner, Meta):
        raise ValueError("Expect meta reference type for parameter 1")


def _coalesce(*args: Any) -> Any:
    return next((arg for arg in args if arg is not None), None)


def _check_coalesce(args: Sequence[Expr]) -> None:
    if not args:
        raise ValueError("The arguments should be at least one.")


def _implicit() -> Any:
    raise Failed("this function is filled in by the window")


LATER = {"event_time", "rule_id", "window_end", "window_start", "window_trigger"}
"""Functions whose value is that of the place they are called from."""

FUNCTIONS: Mapping[str, Builtin] = {
    **{name: Builtin(_implicit, any_of(0), "run") for name in LATER},
    **{
        name: Builtin(_now, between(0, 1))
        for name in ("now", "current_timestamp", "local_time", "local_timestamp")
    },
    **{name: Builtin(_time, between(0, 1)) for name in ("cur_time", "current_time")},
    **{
        name: Builtin(lambda: f"{datetime.now():%Y-%m-%d}", any_of(0))
        for name in ("cur_date", "current_date")
    },
    **{name: Builtin(_hash(name), texts(1)) for name in ("md5", "sha1", "sha256")},
    **{name: Builtin(_hash(name), texts(1)) for name in ("sha384", "sha512")},
    "bypass": Builtin(lambda value, *_: value, at_least(1), "run"),
    "cast": Builtin(_cast, _check_cast),
    "chr": Builtin(_chr, _check_chr),
    "coalesce": Builtin(_coalesce, _check_coalesce, "run"),
    "crc32": Builtin(lambda value: f"{zlib.crc32(text(value).encode()):x}", texts(1)),
    "dec2hex": Builtin(_to_hex, texts(1)),
    "decode": Builtin(_decode, _check_base64),
    "encode": Builtin(_encode, _check_base64),
    "hex2dec": Builtin(_from_hex, texts(1)),
    "isnull": Builtin(lambda value: value is None, any_of(1), "run"),
    "meta": Builtin(lambda value: value, _check_meta, "run"),
    "newuuid": Builtin(lambda: str(uuid.uuid1()), any_of(0)),
    "tstamp": Builtin(lambda: int(time.time() * 1000), any_of(0)),
}
"""Every function by its name, in lower case."""
