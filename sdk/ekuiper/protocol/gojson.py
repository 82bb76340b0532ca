"""JSON byte for byte as Go's encoding/json writes it: what the host says."""

from math import isfinite

from ..errors import UnsupportedValueError
from ..typed import Any
from .stdlib import quoted
from .values import plain_tree, scrub, type_name

__all__ = ["go_json"]


def go_json(value: Any, *, sort: bool) -> str:
    """`value` as Go writes it: no blanks, whole floats without a point, `<`, `>`, `&` escaped.

    `sort` sorts the keys of objects, which Go does with its maps but not with its structs. Raises
    `UnsupportedValueError` for what has no form there, such as NaN and the infinities.
    """
    try:
        text = _any_text(value, sort)
    except RecursionError:
        raise UnsupportedValueError(type_name(value), "value", "is nested too deeply") from None
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text if text.isascii() else scrub(text)


def _any_text(value: Any, sort: bool) -> str:
    try:
        return _text(value, sort)
    except TypeError:
        return _text(plain_tree(value, "value"), sort)


def _text(value: Any, sort: bool) -> str:
    if value is None:
        return "null"
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return int.__repr__(value)
    if kind is float:
        return _number(value)
    if kind is list:
        return "[" + ",".join([_text(item, sort) for item in value]) + "]"
    if kind is dict:
        pairs = sorted(value.items()) if sort else value.items()
        members = [quoted(key) + ":" + _text(item, sort) for key, item in pairs]
        return "{" + ",".join(members) + "}"
    raise TypeError(kind.__name__)


def _number(value: float) -> str:
    """The fewest digits that mean `value`; with an exponent below 1e-6 and from 1e21 on."""
    if not isfinite(value):
        raise UnsupportedValueError(f"float {value}", "value", "is no JSON number")
    mantissa, _, exponent = float.__repr__(value).partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    power = int(exponent)
    if power < -6 or power >= 21:
        return f"{mantissa}e{power:+d}"
    sign = "-" if value < 0 else ""
    digits = mantissa.lstrip("-").replace(".", "")
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    return sign + digits.ljust(power + 1, "0")
