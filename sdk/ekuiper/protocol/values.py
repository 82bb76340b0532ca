"""What Python values look like in JSON.

Beyond JSON's own: datetime, date and time as RFC 3339 text (a naive datetime is local time and gets
the offset), Decimal as the float64 nearest to it (the host makes that of every number), bytes as
base64 text, Enum as its value, UUID as text, tuples and sets as lists (sets sorted if they can be),
dataclasses and mappings as objects, numpy scalars and arrays as numbers and lists. NaN and the
infinities are null, half a surrogate pair is U+FFFD, int is itself, or null beyond float64.

Types are known by name: a value can be a `Decimal` only where `decimal` is loaded, so this imports
neither it nor numpy.
"""

from binascii import b2a_base64
from collections.abc import Callable, Mapping
from math import isfinite

from ..errors import UnsupportedValueError
from ..typed import Any

__all__ = ["NoFormError", "plain", "plain_tree", "scrub", "type_name"]


class NoFormError(TypeError):
    """Raised by `plain` for a value without a JSON form; never leaves this package."""


def plain(value: Any) -> Any:
    """`value`, which JSON does not know, as something that it does; children are left as is."""
    for kind in type(value).__mro__:
        form = _FORMS.get((kind.__module__, kind.__name__))
        if form is not None:
            return form(value)
    if hasattr(type(value), "__dataclass_fields__"):
        return _dataclass(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise NoFormError


def plain_tree(value: Any, path: str) -> Any:
    """`value` as nothing but dict, list, str, int, finite float, bool and None, all the way down.

    Slow: the way for what an engine refused. Raises `UnsupportedValueError` naming the type and
    where it stands under `path`, or RecursionError.
    """
    return _walk(value, (None, path), set())


def scrub(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def type_name(value: Any) -> str:
    """The type of `value` as errors name it: `complex`, `numpy.datetime64`."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _walk(value: Any, path: "_Path", parents: set[int]) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if id(value) in parents:
        raise UnsupportedValueError(type_name(value), _text(path), "contains itself")
    parents.add(id(value))
    tree: Any
    if isinstance(value, dict):  # loops, since a comprehension would double the frames per level
        tree = {}
        for key, child in value.items():
            tree[_key(key, value, path)] = _walk(child, (path, key), parents)
    elif isinstance(value, (list, tuple)):
        tree = []
        for index, child in enumerate(value):
            tree.append(_walk(child, (path, index), parents))
    else:
        tree = _walk(_form(value, path), path, parents)
    parents.remove(id(value))
    return tree


def _form(value: Any, path: "_Path") -> Any:
    try:
        return plain(value)
    except NoFormError:
        raise UnsupportedValueError(type_name(value), _text(path)) from None


def _number(value: int) -> int | None:
    """The host makes a float of it, and refuses the whole message where none is large enough."""
    try:
        float(value)
    except OverflowError:
        return None
    return int(value)


def _digits(key: int, path: "_Path") -> str:
    try:
        return int.__repr__(key)
    except ValueError:  # Python's own limit, 4300 digits unless the author raised it
        raise UnsupportedValueError("int of thousands of digits", _text(path)) from None


def _key(key: Any, owner: Any, path: "_Path") -> str:
    """The text of a key, by the rules of the standard library."""
    if isinstance(key, str):
        return scrub(key)
    if key is True or key is False:
        return "true" if key else "false"
    if key is None:
        return "null"
    if isinstance(key, int):
        return _digits(key, path)
    if isinstance(key, float):
        return float.__repr__(key)
    kind = f"{type_name(owner)} with a key of type {type_name(key)}"
    raise UnsupportedValueError(kind, _text(path))


_Path = tuple[Any, Any]
"""(path of the parent or None, key or index)"""


def _text(path: _Path) -> str:
    """A path as one would write it in Python: `message.a[3].b`, `result['a b']`."""
    parts = []
    parent, key = path
    while parent is not None:
        dotted = isinstance(key, str) and key.isidentifier()
        parts.append(f".{key}" if dotted else f"[{key!r}]")
        parent, key = parent
    return f"{key}{''.join(reversed(parts))}"


def _moment(value: Any) -> str | None:
    if value != value:  # pandas' NaT
        return None
    try:
        offset = value.utcoffset()
        if offset is None or offset.seconds % 60 or offset.microseconds:
            value = _with_whole_offset(value)
    except (OverflowError, ValueError, OSError):  # no such time here: year 1 or 9999
        raise NoFormError from None
    text: str = value.isoformat()
    return text


def _with_whole_offset(value: Any) -> Any:
    """As local time if it has no offset; as UTC if that has seconds (as in 1890), for RFC 3339."""
    from datetime import datetime, timezone  # loaded already, by whoever made the value

    if value.utcoffset() is None:
        value = datetime.astimezone(value)  # not its own method: pandas' refuses naive ones
    offset = value.utcoffset()
    return value.astimezone(timezone.utc) if offset.seconds % 60 or offset.microseconds else value


def _iso(value: Any) -> str:
    text: str = value.isoformat()
    return text


def _decimal(value: Any) -> float | None:
    return float(value) if value.is_finite() else None


def _base64(value: Any) -> str:
    return b2a_base64(bytes(value), newline=False).decode("ascii")


def _set(value: Any) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        return list(value)


def _numpy(value: Any) -> Any:
    kind = value.dtype.kind
    if kind == "f":  # float16 to longdouble, which have no Python form of their own
        return value.astype("float64").tolist()
    if kind in "biuUSO":
        return value.tolist()
    raise NoFormError


def _dataclass(value: Any) -> dict[str, Any]:
    from dataclasses import fields  # loaded already, as above

    return {field.name: getattr(value, field.name) for field in fields(value)}


_FORMS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("datetime", "datetime"): _moment,
    ("datetime", "date"): _iso,
    ("datetime", "time"): _iso,
    ("decimal", "Decimal"): _decimal,
    ("builtins", "bytes"): _base64,
    ("builtins", "bytearray"): _base64,
    ("builtins", "memoryview"): _base64,
    ("builtins", "set"): _set,
    ("builtins", "frozenset"): _set,
    ("builtins", "tuple"): list,
    ("builtins", "float"): float,
    ("enum", "Enum"): lambda value: value.value,
    ("uuid", "UUID"): str,
    ("numpy", "generic"): _numpy,
    ("numpy", "ndarray"): _numpy,
}
