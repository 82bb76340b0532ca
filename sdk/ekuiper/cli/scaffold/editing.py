"""New symbols put into a plugin file that its author has written on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .imports import Edit, import_edits, span
from .symbols import IMPORTS, Symbol

__all__ = ["CannotEditError", "Plan", "plan_of", "with_symbol"]

_GROUPS = ("sources", "sinks", "functions")
_WIDTH = 100


class CannotEditError(Exception):
    """The file is written in a way that only its author can add to; the text says what to add."""


@dataclass(frozen=True)
class Plan:
    """Where things are in a plugin file."""

    call: ast.Call
    """`PluginConfig(...)`."""
    statement: ast.stmt
    """The one of the module that the call is in."""
    config: str
    """The name it is assigned to, "" if it is not."""
    names: tuple[str, ...]
    """What the module defines."""


def plan_of(text: str, file: str) -> Plan:
    """Find them. Raises `CannotEditError`."""
    tree = ast.parse(text, file)
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("PluginConfig"):
                return Plan(node, statement, _assigned(statement, node), tuple(_names(tree)))
    raise CannotEditError(f"{file} has no PluginConfig(...) to add to")


def with_symbol(text: str, file: str, symbol: Symbol) -> str:
    """The file with the class of `symbol`, its entry in `PluginConfig`, and what both import.

    Raises `CannotEditError`.
    """
    plan = plan_of(text, file)
    source = text.encode()
    edits = [*import_edits(source, ast.parse(text), IMPORTS[symbol.kind])]
    edits += [
        _class_edit(source, plan.statement, symbol),
        _entry_edit(source, plan.call, symbol, file),
    ]
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        source = source[: edit.start] + edit.text.encode() + source[edit.end :]
    ast.parse(source)
    return source.decode()


def _assigned(statement: ast.stmt, call: ast.Call) -> str:
    if isinstance(statement, ast.Assign) and statement.value is call:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    if isinstance(statement, ast.AnnAssign) and statement.value is call:
        return statement.target.id if isinstance(statement.target, ast.Name) else ""
    return ""


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _class_edit(source: bytes, statement: ast.stmt, symbol: Symbol) -> Edit:
    """Before the statement, and the remarks that belong to it."""
    lines = source.splitlines(keepends=True)
    first = statement.lineno - 1
    while first and lines[first - 1].startswith(b"#"):
        first -= 1
    start = sum(map(len, lines[:first]))
    blank = len(source[:start]) - len(source[:start].rstrip(b"\n"))  # with the end of a line
    head = "\n" * (3 - blank) if first else ""
    return Edit(start, start, f"{head}{symbol.code().rstrip()}\n\n\n")


def _entry_edit(source: bytes, call: ast.Call, symbol: Symbol, file: str) -> Edit:
    value = _argument(call, symbol.group)
    if value is None:
        return _new_argument(source, call, symbol)
    if isinstance(value, ast.Constant) and value.value is None:
        return Edit(*span(source, value), f"{{{symbol.entry}}}")
    if not isinstance(value, ast.Dict) or None in value.keys:
        where = f"{file}:{value.lineno}"
        raise CannotEditError(
            f"the {symbol.group} in {where} are no plain {{…}}; add this there: {symbol.entry}"
        )
    return _new_item(source, value, symbol)


def _argument(call: ast.Call, group: str) -> ast.expr | None:
    named = [word.value for word in call.keywords if word.arg == group]
    at = 1 + _GROUPS.index(group)
    return next(iter([*named, *call.args[at : at + 1]]), None)


def _new_argument(source: bytes, call: ast.Call, symbol: Symbol) -> Edit:
    """Behind the last one; on a line of its own if that is."""
    given = [*call.args, *(word.value for word in call.keywords)]
    last = max(given, key=lambda each: span(source, each)[1])
    at = span(source, last)[1]
    text = f"{symbol.group}={{{symbol.entry}}}"
    if last.lineno == call.lineno:
        return Edit(at, at, f", {text}")
    line = source.splitlines()[last.lineno - 1].decode()
    indent = " " * (len(line) - len(line.lstrip()))
    return Edit(at, at, f",\n{indent}{text}")


def _new_item(source: bytes, value: ast.Dict, symbol: Symbol) -> Edit:
    start, end = span(source, value)
    if not value.keys:
        return Edit(start, end, f"{{{symbol.entry}}}")
    last = span(source, value.values[-1])[1]
    first = value.keys[0]
    assert first is not None
    if value.lineno == value.end_lineno:
        return _in_one_line(source, value, symbol)
    return Edit(last, last, f",\n{' ' * first.col_offset}{symbol.entry}")


def _in_one_line(source: bytes, value: ast.Dict, symbol: Symbol) -> Edit:
    start, end = span(source, value)
    line = source.splitlines()[value.lineno - 1]
    last = span(source, value.values[-1])[1]
    if len(line) + len(symbol.entry) + 2 <= _WIDTH:
        return Edit(last, last, f", {symbol.entry}")
    indent = " " * (len(line) - len(line.lstrip()))
    items = [
        f"{_text(source, key)}: {_text(source, item)}"
        for key, item in zip(value.keys, value.values, strict=True)
        if key is not None
    ]
    rows = "".join(f"{indent}    {item},\n" for item in [*items, symbol.entry])
    return Edit(start, end, f"{{\n{rows}{indent}}}")


def _text(source: bytes, node: ast.expr) -> str:
    start, end = span(source, node)
    return source[start:end].decode()
