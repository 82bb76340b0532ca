"""Rows made to fit a stream's schema, as eKuiper does it with the JSON it reads itself."""

from collections.abc import Mapping
from typing import Any

from .gotext import go_float, plain_float
from .streams import ColumnType

__all__ = ["fitted"]

_WORDS = {bool: "a boolean", float: "a number", str: "a text", list: "an array", dict: "an object"}


def fitted(message: Mapping[str, Any], columns: Mapping[str, ColumnType]) -> dict[str, Any]:
    """The columns of the schema, with its types; others are left out. Numbers are floats before.
    Raises `ValueError` for a value of another type."""
    return {
        name: _fitted(message[name], kind, name)
        for name, kind in columns.items()
        if name in message
    }


def _fitted(value: Any, kind: ColumnType, name: str) -> Any:
    if value is None:
        return None
    if kind.name == "bigint" and type(value) is float:
        if value.is_integer():
            return int(value)
        raise ValueError(f"{name}: {go_float(value)} is no bigint")
    if kind.name in ("float", "datetime") and type(value) is float:
        return value
    if kind.name == "string" and type(value) in (float, str):
        return plain_float(value) if type(value) is float else value
    if kind.name == "boolean" and type(value) is bool:
        return value
    if kind.name in ("datetime", "bytea") and type(value) is str:
        return value
    if kind.name == "array" and type(value) is list and kind.items is not None:
        items = kind.items
        return [_fitted(item, items, f"{name}[{at}]") for at, item in enumerate(value)]
    if kind.name == "struct" and type(value) is dict:
        return fitted(value, kind.columns)
    found = _WORDS.get(type(value), type(value).__name__)
    raise ValueError(f"{name} has wrong type: {found}, expect {kind.name}")
