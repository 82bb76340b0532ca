"""Expressions as eKuiper shows them: to `Validate` as JSON of its tree, in errors as text."""

from collections.abc import Callable
from typing import Any, TypeVar

from .gotext import go_value
from .nodes import (
    Between,
    Binary,
    Call,
    Case,
    Column,
    Expr,
    Field,
    Index,
    JsonField,
    Like,
    Literal,
    Meta,
    Paren,
    Slice,
    Star,
    TimeUnit,
    ValueSet,
    When,
)

__all__ = ["describe", "shape"]

_REST = -(2**31)  # the end of a slice that has none
_STAR = 40
_UNITS = {"dd": 79, "hh": 80, "mi": 81, "ss": 82, "ms": 83}
_OPERATORS = {
    "+": 12,
    "-": 13,
    "*": 14,
    "/": 15,
    "%": 16,
    "&": 17,
    "|": 18,
    "^": 19,
    "AND": 20,
    "OR": 21,
    "=": 22,
    "!=": 23,
    "<": 24,
    "<=": 25,
    ">": 26,
    ">=": 27,
    "[]": 28,
    "->": 29,
    "IN": 30,
    "NOT IN": 32,
    "BETWEEN": 33,
    "NOT BETWEEN": 34,
    "LIKE": 35,
    "NOT LIKE": 36,
}

Node = TypeVar("Node", bound=Expr)


def shape(expr: Expr | None, *, indexes: bool) -> Any:
    """The JSON of a node. With `indexes` columns and calls have the fields that 2.4 added."""
    if expr is None:
        return None
    return _SHAPES[type(expr)](expr, lambda inner: shape(inner, indexes=indexes), indexes)


def describe(expr: Expr | None) -> str:
    """The text of a node."""
    return "" if expr is None else _TEXTS[type(expr)](expr)


def _call(call: Call, of: Callable[[Expr], Any], indexes: bool) -> Any:
    found = {
        "Name": call.name,
        "FuncId": call.number,
        "FuncType": 1 if call.kind == "aggregate" else 0,
        "Args": [of(arg) for arg in call.args] or None,
        "CachedField": "",
        "CacheIndex": 0,
        "Cached": False,
        "Partition": None,
        "WhenExpr": None,
        "SortFields": None,
    }
    if not indexes:
        del found["CacheIndex"]
    return found


def _column(column: Column, of: Callable[[Expr], Any], indexes: bool) -> Any:
    found = {"StreamName": column.stream, "Name": column.name}
    return {**found, "HasIndex": False, "SourceIndex": 0, "Index": 0} if indexes else found


def _star(star: Star, of: Callable[[Expr], Any], indexes: bool) -> Any:
    replace = [_replaced(each, of) for each in star.replace]
    return {"Token": _STAR, "Replace": replace or None, "Except": list(star.without) or None}


def _replaced(field: Field, of: Callable[[Expr], Any]) -> Any:
    return {"Name": field.name, "AName": field.alias, "Expr": of(field.expr), "Invisible": False}


def _case(case: Case, of: Callable[[Expr], Any], indexes: bool) -> Any:
    return {
        "Value": None if case.value is None else of(case.value),
        "WhenClauses": [of(each) for each in case.whens],
        "ElseClause": None if case.otherwise is None else of(case.otherwise),
    }


def _slice(node: Slice, of: Callable[[Expr], Any], indexes: bool) -> Any:
    return {"Start": of(node.start), "End": {"Val": _REST} if node.end is None else of(node.end)}


def _like(node: Like, of: Callable[[Expr], Any], indexes: bool) -> Any:
    pattern = None if node.pattern is None else _like_text(node)
    return {"Expr": of(node.inner), "Pattern": pattern}


def _like_text(node: Like) -> str:
    return node.pattern.pattern.removesuffix("\\Z") + "$" if node.pattern is not None else ""


_SHAPES: dict[type[Expr], Callable[[Any, Callable[[Expr], Any], bool], Any]] = {
    Between: lambda node, of, _: {"Lower": of(node.low), "Higher": of(node.high)},
    Binary: lambda node, of, _: {
        "OP": _OPERATORS[node.op],
        "LHS": of(node.left),
        "RHS": of(node.right),
    },
    Call: _call,
    Case: _case,
    Column: _column,
    Index: lambda node, of, _: {"Index": of(node.inner)},
    JsonField: lambda node, of, _: {"Name": node.name},
    Like: _like,
    Literal: lambda node, of, _: {"Val": node.value},
    Meta: lambda node, of, _: {"StreamName": "$$default", "Name": node.name},
    Paren: lambda node, of, _: {"Expr": of(node.inner)},
    Slice: _slice,
    Star: _star,
    TimeUnit: lambda node, of, _: {"Val": _UNITS[node.unit]},
    ValueSet: lambda node, of, _: {
        "LiteralExprs": [of(item) for item in node.items],
        "ArrayExpr": None,
    },
    When: lambda node, of, _: {"Expr": of(node.condition), "Result": of(node.result)},
}


def _column_text(column: Column) -> str:
    text = f"{column.stream}.{column.name}"
    return text if column.alias is None else f"{text},aliasRef:{describe(column.alias)}"


def _binary_text(node: Binary) -> str:
    left, right = describe(node.left), describe(node.right)
    if node.op == "[]":
        return f"binaryExpr:{{ {left}[{right}] }}"
    return f"binaryExpr:{{ {left} {node.op} {right} }}"


def _call_text(call: Call) -> str:
    args = f", args:[{', '.join(map(describe, call.args))}]" if call.args else ""
    return f"Call:{{ name:{call.name}{args} }}"


def _case_text(case: Case) -> str:
    value = "" if case.value is None else f"value:{{ {describe(case.value)} }}, "
    whens = ", ".join(f"{{ {describe(each)} }}" for each in case.whens)
    return f"caseExprValue:{{ {value}whenClauses:[{whens}] }}"


def _slice_text(node: Slice) -> str:
    end = str(_REST) if node.end is None else describe(node.end)
    return f"ColonExpr:{{ start:{{ {describe(node.start)} }}, end:{{ {end} }} }}"


def _literal_text(node: Literal) -> str:
    return f"{node.value:f}" if isinstance(node.value, float) else go_value(node.value)


_TEXTS: dict[type[Expr], Callable[[Any], str]] = {
    Between: lambda node: f"betweenExpr:{{ {describe(node.low)}, {describe(node.high)} }}",
    Binary: _binary_text,
    Call: _call_text,
    Case: _case_text,
    Column: _column_text,
    Index: lambda node: describe(node.inner),
    JsonField: lambda node: f"jsonFieldName:{node.name}",
    Like: lambda node: f"likePattern:{_like_text(node)}",
    Literal: _literal_text,
    Meta: lambda node: f"metaRef:{{ streamName:$$default, fieldName:{node.name} }}",
    Paren: lambda node: f"parenExpr:{{ {describe(node.inner)} }}",
    Slice: _slice_text,
    Star: lambda node: "*",
    TimeUnit: lambda node: str(node.unit).upper(),
    ValueSet: lambda node: (
        f"valueSetExpr:{{ literalExprs:[{', '.join(map(describe, node.items))}] }}"
    ),
    When: lambda node: f"whenClause:{{ {describe(node.condition)} }}",
}
