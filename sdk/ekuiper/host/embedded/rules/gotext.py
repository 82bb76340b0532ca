"""Values as Go prints them, which eKuiper's texts and `concat` are full of."""

from datetime import datetime
from decimal import Decimal
from typing import Any

__all__ = ["go_float", "go_type", "go_unquote", "go_value", "plain_float"]

_TYPES = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    bytes: "[]uint8",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    datetime: "time.Time",
    type(None): "<nil>",
}
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODES = {"x": 2, "u": 4, "U": 8}


def go_type(value: Any) -> str:
    """The type's name, `%T`."""
    return _TYPES.get(type(value), "*errors.errorString")


def go_value(value: Any) -> str:
    """The value, `%v`."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return go_float(value)
    if value is None:
        return "<nil>"
    if kind is list or kind is bytes:
        return "[" + " ".join(map(go_value, value)) + "]"
    if kind is dict:
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    return str(value)


def go_float(value: float) -> str:
    """The fewest digits that mean `value`, with an exponent below 1e-4 and from a million on."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    if value and (power < -4 or power >= 6):
        head, tail = str(digits[0]), "".join(map(str, digits[1:]))
        return f"{'-' * sign}{head}{'.' * bool(tail)}{tail}e{power:+03d}"
    return plain_float(value)


def plain_float(value: float) -> str:
    """The fewest digits that mean `value`, never with an exponent."""
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def go_unquote(text: str) -> str:
    """What a string literal means, quotes included. Raises `ValueError` for an escape that Go does
    not know, and for a line break."""
    quote, inner = text[0], text[1:-1]
    found: list[str] = []
    at = 0
    while at < len(inner):
        char = inner[at]
        if char == "\n":
            raise ValueError("a string must end on its line; write \\n for a line break")
        if char != "\\":
            found.append(char)
            at += 1
            continue
        value, length = _escape(inner[at + 1 :], quote)
        found.append(value)
        at += 1 + length
    return "".join(found)


def _escape(rest: str, quote: str) -> tuple[str, int]:
    """What stands behind a backslash, and how long it is."""
    char = rest[:1]
    if char in ("\\", '"') or char == quote:
        return char, 1
    if char in _ESCAPES:
        return _ESCAPES[char], 1
    digits = rest[1 : 1 + _CODES.get(char, 0)]
    try:
        if char in _CODES and len(digits) == _CODES[char]:
            return chr(int(digits, 16)), 1 + len(digits)
        if char.isdigit() and len(rest) >= 3:
            return chr(int(rest[:3], 8)), 3
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"eKuiper knows no \\{char} in a string; write \\\\ for a backslash")
