"""Imports that are added to a file."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["Edit", "import_edits", "import_lines", "span"]

_WIDTH = 100


class Edit(NamedTuple):
    """Bytes of a file that are replaced."""

    start: int
    end: int
    text: str


def import_lines(needed: Iterable[str]) -> list[str]:
    """The statements for words such as `json`, `typing.Any` and `ekuiper.Source`, in the order of
    isort, with an empty line before those of this package."""
    words = sorted(needed)
    ours = [word.partition(".")[2] for word in words if word.startswith("ekuiper.")]
    others = [word.partition(".") for word in words if not word.startswith("ekuiper.")]
    return [
        *(f"import {module}" for module, dot, _ in others if not dot),
        *(f"from {module} import {name}" for module, dot, name in others if dot),
        "",
        _from("ekuiper", [*ours, "plugin"]),
    ]


def import_edits(source: bytes, tree: ast.Module, needed: Iterable[str]) -> Iterator[Edit]:
    """What adds those of the words `needed` that the module has not imported."""
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    missing: dict[str, list[str]] = {}
    for word in needed:
        module, dot, name = word.partition(".")
        if not _has(imports, module, name):
            missing.setdefault(module, []).extend([name] if dot else [])
    lines: dict[tuple[int, str], list[str]] = {}
    for module, names in missing.items():
        there = next((node for node in imports if _may_grow(source, node, module)), None)
        if there is not None and names:
            yield _grown(source, there, names)
        else:
            line = _from(module, names) if names else f"import {module}"
            lines.setdefault(_place(source, tree, imports, line), []).append(line)
    for (at, form), each in lines.items():
        yield Edit(at, at, form.format("\n".join(sorted(each, key=_order))))


def _from(module: str, names: Iterable[str]) -> str:
    ordered = sorted(set(names), key=lambda name: (name.islower(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _has(imports: Iterable[ast.Import | ast.ImportFrom], module: str, name: str) -> bool:
    """Whether `name` of the module, or the module itself, is there under its own name."""
    for node in imports:
        bound = {alias.name for alias in node.names if alias.asname in (None, alias.name)}
        if isinstance(node, ast.Import):
            if not name and module in bound:
                return True
        elif name in bound and (node.module or "").partition(".")[0] == module and not node.level:
            return True
    return False


def _may_grow(source: bytes, node: ast.Import | ast.ImportFrom, module: str) -> bool:
    if not isinstance(node, ast.ImportFrom) or node.module != module or node.level:
        return False
    start, end = span(source, node)
    plain = all(alias.asname is None and alias.name != "*" for alias in node.names)
    return plain and b"#" not in source[start:end]


def _grown(source: bytes, node: ast.Import | ast.ImportFrom, names: Iterable[str]) -> Edit:
    assert isinstance(node, ast.ImportFrom)
    before = [alias.name for alias in node.names]
    return Edit(*span(source, node), _from(node.module or "", [*before, *names]))


def _place(
    source: bytes, tree: ast.Module, imports: Sequence[ast.Import | ast.ImportFrom], line: str
) -> tuple[int, str]:
    """Where a new line goes, and what stands around it: among those of the standard library in
    their order, else above all imports, or below what begins the module."""
    known = [node for node in imports if _module(node) != "__future__"]
    alike = [node for node in known if _module(node) in sys.stdlib_module_names]
    if line.startswith("from ekuiper "):
        return (span(source, imports[-1])[1], "\n{}") if imports else (0, "{}\n\n")
    for node in alike:
        if _order(ast.unparse(node)) > _order(line):
            return span(source, node)[0], "{}\n"
    if alike:
        return span(source, alike[-1])[1], "\n{}"
    if known:
        return span(source, known[0])[0], "{}\n\n"
    above = [*[node for node in tree.body[:1] if isinstance(node, ast.Expr)], *imports]
    return (span(source, above[-1])[1], "\n\n{}") if above else (0, "{}\n\n")


def _order(line: str) -> tuple[bool, str]:
    """As isort has it."""
    return line.startswith("from"), line


def _module(node: ast.Import | ast.ImportFrom) -> str:
    name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    return (name or "").partition(".")[0]


def span(source: bytes, node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Where a node begins and ends in its file."""
    lines = source.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    return start, sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
