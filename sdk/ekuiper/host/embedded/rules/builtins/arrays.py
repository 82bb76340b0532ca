"""Functions of arrays. An element is found where type and value are the same: 3 of a row, a float,
is not the 3 of a statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..gotext import go_type, go_value, plain_float
from ..operators import EvalError
from .builtin import Builtin, Check, Failed, any_of, at_least, between, to_int

__all__ = ["FUNCTIONS", "count", "first_valid", "largest"]

_ORDINALS = ("first", "second", "third")


def _array(value: Any, position: int = 0) -> list[Any]:
    if type(value) is not list:
        raise Failed(f"{_ORDINALS[position]} argument should be array of interface{{}}")
    return value


def _same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if type(left) in (list, dict):
        raise EvalError(f"runtime error: comparing uncomparable type {go_type(left)}")
    return bool(left == right)


def _contains(items: Sequence[Any], value: Any) -> bool:
    return any(_same(item, value) for item in items)


def _position(items: Any, value: Any) -> int:
    if items is None:
        return -1
    found = (index for index, item in enumerate(_array(items)) if _same(item, value))
    return next(found, -1)


def _last_position(items: Any, value: Any) -> int:
    if items is None:
        return -1
    found = [index for index, item in enumerate(_array(items)) if _same(item, value)]
    return found[-1] if found else -1


def _element(value: Any, key: Any) -> Any:
    if type(value) is list:
        index = to_int(key)
        if index >= len(value) or -index > len(value):
            raise Failed("index out of range")
        return value[index]
    if type(value) is dict:
        if type(key) is not str:
            raise Failed("second argument should be string")
        return value.get(key)
    raise Failed("first argument should be []interface{} or map[string]interface{}")


def _has(items: Any, value: Any) -> bool:
    return items is not None and _contains(_array(items), value)


def _has_any(items: Any, values: Any) -> bool:
    if items is None:
        return False
    wanted = _array(values, 1)
    return any(_contains(wanted, item) for item in _array(items))


def _without(items: Any, value: Any) -> Any:
    return None if items is None else [x for x in _array(items) if not _same(x, value)]


def _distinct(items: Sequence[Any], *, keep_nested: bool = False) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if (keep_nested and type(item) in (list, dict)) or not _contains(found, item):
            found.append(item)
    return found


def _intersection(items: Any, others: Any) -> list[Any]:
    first, second = _array(items), _array(others, 1)
    return _distinct([item for item in second if _contains(first, item)])


def _union(items: Any, others: Any) -> list[Any]:
    first = [] if items is None else _array(items)
    return _distinct([*first, *([] if others is None else _array(others, 1))])


def _difference(items: Any, others: Any) -> Any:
    if items is None:
        return None
    second = [] if others is None else _array(others, 1)
    return _distinct([item for item in _array(items) if not _contains(second, item)])


def first_valid(items: Sequence[Any]) -> Any:
    """The first that is not NULL."""
    return next((item for item in items if item is not None), None)


def count(items: Sequence[Any]) -> int:
    """How many are not NULL."""
    return sum(item is not None for item in items)


def largest(items: Sequence[Any], sign: int) -> Any:
    """The greatest (`sign` 1) or the least (-1); the type of the first decides for all."""
    first = first_valid(items)
    kind = type(first)
    if first is None:
        return None
    if kind not in (int, float, str):
        raise Failed(f"found invalid arg {go_type(first)}({go_value(first)})")
    for item in items:
        if item is None:
            continue
        if kind is int and type(item) is float:
            item = int(item)
        if type(item) is not kind:
            wanted = {int: "int64", float: "float64", str: "string"}[kind]
            raise Failed(f"requires {wanted} but found {go_type(item)}({go_value(item)})")
        if item > first if sign > 0 else item < first:
            first = item
    return first


def _flatten(items: Any) -> Any:
    found: list[Any] = []
    for item in _array(items):
        found.extend(item if type(item) is list else [item])
    return found


def _join(items: Any, by: Any, null: Any = "") -> str:
    values = _array(items)
    for position, value in ((1, by), (2, null)):
        if type(value) is not str:
            raise Failed(f"{_ORDINALS[position]} argument should be string")
    shown = [null if value is None else _plain(value) for value in values]
    return str(by).join(text for value, text in zip(values, shown, strict=True) if text or value)


def _plain(value: Any) -> str:
    return plain_float(value) if type(value) is float else go_value(value)


def _sorted(items: Any) -> Any:
    if type(items) is not list:
        raise Failed("array elements should be array")
    return sorted(items, key=go_value)


def _concatenated(*arrays: Any) -> Any:
    found: list[Any] = []
    for array in arrays:
        if array is not None and type(array) is not list:
            raise Failed("array elements should be array")
        found.extend(array or [])
    return found


def _created(*items: Any) -> Any:
    return [item for item in items if item is not None] or None


_ONE: Check = any_of(1)
_TWO: Check = any_of(2)

FUNCTIONS: Mapping[str, Builtin] = {
    "array_cardinality": Builtin(lambda a: count(_array(a)), _ONE, "zero"),
    "array_concat": Builtin(_concatenated, at_least(1), "run"),
    "array_contains": Builtin(_has, _TWO, "run"),
    "array_contains_any": Builtin(_has_any, _TWO, "run"),
    "array_create": Builtin(_created, at_least(0), "run"),
    "array_distinct": Builtin(lambda a: _distinct(_array(a), keep_nested=True), _ONE),
    "array_except": Builtin(_difference, _TWO, "run"),
    "array_flatten": Builtin(_flatten, _ONE),
    "array_intersect": Builtin(_intersection, _TWO),
    "array_join": Builtin(_join, between(2, 3)),
    "array_last_position": Builtin(_last_position, _TWO, "run"),
    "array_max": Builtin(lambda a: largest(_array(a), 1), _ONE),
    "array_min": Builtin(lambda a: largest(_array(a), -1), _ONE),
    "array_position": Builtin(_position, _TWO, "run"),
    "array_remove": Builtin(_without, _TWO, "run"),
    "array_sort": Builtin(_sorted, _ONE),
    "array_union": Builtin(_union, _TWO, "run"),
    "cardinality": Builtin(lambda a: len(a) if type(a) is list else 0, _ONE, "zero"),
    "element_at": Builtin(_element, _TWO),
}
"""Every function by its name, in lower case."""
