"""Functions of objects, and JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .....errors import UnsupportedValueError
from .....protocol.gojson import go_json
from ..gotext import go_value
from ..nodes import Expr
from .builtin import Builtin, Failed, any_of, at_least, is_other, texts

__all__ = ["FUNCTIONS", "as_floats"]


def as_floats(value: Any) -> Any:
    """JSON as Go reads it: every number is a float."""
    kind = type(value)
    if kind is int:
        return float(value)
    if kind is dict:
        return {key: as_floats(item) for key, item in value.items()}
    return [as_floats(item) for item in value] if kind is list else value


def _object(value: Any, words: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise Failed(words)
    return value


def _keys(value: Any) -> list[str]:
    return sorted(_object(value, "the argument should be map[string]interface{}"))


def _values(value: Any) -> list[Any]:
    found = _object(value, "the argument should be map[string]interface{}")
    return [found[key] for key in sorted(found)]


def _items(value: Any) -> list[Any]:
    found = _object(value, "first argument should be map[string]interface{}")
    return [[key, found[key]] for key in sorted(found)]


def _from_lists(keys: Any, values: Any) -> Any:
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise Failed("first argument should be []string")
    if type(values) is not list:
        raise Failed("second argument should be []interface{}")
    if len(keys) != len(values):
        raise Failed("the length of the arguments should be same")
    return dict(zip(keys, values, strict=True))


def _zip(pairs: Any) -> Any:
    found = {}
    for pair in pairs if type(pairs) is list else [0]:
        if pair is None:
            continue
        if type(pair) is not list or len(pair) != 2:
            raise Failed("each argument should be [][2]interface{}")
        if type(pair[0]) is not str:
            raise Failed("the first element in the list item should be string")
        found[pair[0]] = pair[1]
    return found


def _merged(*objects: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in objects:
        if each is not None:
            words = f"the argument should be map[string]interface{{}}, got {go_value(each)}"
            found.update(_object(each, words))
    return found


def _constructed(*args: Any) -> dict[str, Any]:
    found = {}
    for key, value in zip(args[::2], args[1::2], strict=True):
        if key is None:
            continue
        if type(key) is not str:
            raise Failed(f"key {go_value(key)} is not a string")
        found[key] = value
    return found


def _check_pairs(args: Sequence[Expr]) -> None:
    if len(args) % 2:
        raise ValueError("the args must be key value pairs")
    for position in range(0, len(args), 2):
        if is_other(args[position], "text"):
            raise ValueError(f"Expect string type for parameter {position + 1}")


def _erased(value: Any, *keys: Any) -> dict[str, Any]:
    if len(keys) != 1:
        raise Failed(f"the argument number should be 2, got {len(keys) + 1}")
    words = f"the first argument should be map[string]interface{{}}, got {go_value(value)}"
    found = _object(value, words)
    if type(keys[0]) not in (str, list):
        raise Failed("the argument should be slice or string")
    gone = {keys[0]} if type(keys[0]) is str else {go_value(key) for key in keys[0]}
    return {key: item for key, item in found.items() if key not in gone}


def _size(value: Any) -> int:
    words = f"the first argument should be map[string]any, got {go_value(value)}"
    return 0 if value is None else len(_object(value, words))


def _picked(value: Any, *keys: Any) -> Any:
    if value is None:
        return None
    found = _object(value, f"the first argument should be a map, got {go_value(value)}")
    wanted = keys[0] if type(keys[0]) is list else keys
    picked: dict[str, Any] = {}
    for key in wanted:
        if type(key) is str:
            _pick(picked, found, key.split("."))
    return picked


def _pick(into: dict[str, Any], value: Any, path: Sequence[str]) -> None:
    if type(value) is not dict or path[0] not in value:
        return
    if len(path) == 1:
        into[path[0]] = value[path[0]]
    elif type(value[path[0]]) is dict:
        inner = into.setdefault(path[0], {})
        _pick(inner, value[path[0]], path[1:])


def _to_json(value: Any) -> str:
    try:
        return go_json(value, sort=True)
    except UnsupportedValueError as error:
        raise Failed(f"fail to convert {go_value(value)} to json") from error


def _parse_json(value: Any) -> Any:
    if value is None or value == "null":
        return None
    if type(value) is not str:
        raise Failed(f"fail to convert {go_value(value)} to string")
    try:
        return as_floats(json.loads(value, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:
        raise Failed(f"fail to parse json: {error}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


FUNCTIONS: Mapping[str, Builtin] = {
    "erase": Builtin(_erased, at_least(2)),
    "items": Builtin(_items, any_of(1)),
    "keys": Builtin(_keys, any_of(1)),
    "object": Builtin(_from_lists, any_of(2)),
    "object_concat": Builtin(_merged, at_least(2), "run"),
    "object_construct": Builtin(_constructed, _check_pairs, "run"),
    "object_pick": Builtin(_picked, at_least(2), "run"),
    "object_size": Builtin(_size, any_of(1), "run"),
    "parse_json": Builtin(_parse_json, texts(1), "run"),
    "to_json": Builtin(_to_json, any_of(1)),
    "values": Builtin(_values, any_of(1)),
    "zip": Builtin(_zip, any_of(1)),
}
"""Every function by its name, in lower case."""
