"""All files of a new project."""

import re
from collections.abc import Iterable, Sequence

from .imports import import_lines
from .rules import DEMO, demo_stream, rule_files, stream_of
from .symbols import IMPORTS, Symbol, rendered

__all__ = ["project_files", "readme_with"]

_KINDS = {
    "source": "emits rows",
    "function": "is called in SQL for each row",
    "aggregate": "is called in SQL for each window",
    "sink": "receives what rules find",
}


_ROW = re.compile(r"^\| (source|function|aggregate|sink) `\w+` \|.*\n", re.MULTILINE)


def project_files(project: str, plugin: str, symbols: Sequence[Symbol]) -> dict[str, str]:
    """By name, relative to the project's folder; those people open first come first."""
    values = {"project": project, "plugin": plugin}
    files = {
        f"{plugin}.py": _plugin(plugin, symbols),
        **{f"tests/test_{symbol.name}.py": symbol.test(plugin) for symbol in symbols},
    }
    sources = [symbol for symbol in symbols if symbol.kind == "source"]
    for source in sources:
        files |= stream_of(source)
    if not sources:
        files |= demo_stream()
    rows = "" if sources else f"; `streams/{DEMO}.jsonl` has its rows on this machine"
    return {
        **files,
        **rule_files(plugin, symbols),
        "pyproject.toml": rendered("pyproject.toml", **values),
        "README.md": rendered("README.md", **values, table=_table(symbols), rows=f"{rows} |"),
        ".gitignore": rendered("gitignore"),
        ".vscode/launch.json": rendered("launch.json"),
    }


def _plugin(plugin: str, symbols: Sequence[Symbol]) -> str:
    needed = {word for symbol in symbols for word in IMPORTS[symbol.kind]}
    groups: dict[str, list[str]] = {"sources": [], "sinks": [], "functions": []}
    for symbol in symbols:
        groups[symbol.group].append(symbol.entry)
    return rendered(
        "plugin.py",
        plugin=plugin,
        imports="\n".join(import_lines(needed | {"ekuiper.PluginConfig"})),
        classes="\n\n".join(symbol.code() for symbol in symbols).rstrip(),
        symbols="\n".join(_argument(group, items) for group, items in groups.items() if items),
    )


def _argument(group: str, items: Sequence[str]) -> str:
    line = f"    {group}={{{', '.join(items)}}},"
    if len(line) <= 100:
        return line
    return "\n".join([f"    {group}={{", *(f"        {item}," for item in items), "    },"])


def readme_with(text: str, symbol: Symbol) -> str:
    """A README whose table of symbols, if its author has kept it, has one more."""
    rows = list(_ROW.finditer(text))
    end = rows[-1].end() if rows else 0
    return f"{text[:end]}{_row(symbol)}\n{text[end:]}" if rows else text


def _table(symbols: Iterable[Symbol]) -> str:
    return "\n".join(["| symbol | |", "|---|---|", *map(_row, symbols)])


def _row(symbol: Symbol) -> str:
    return f"| {symbol.kind} `{symbol.name}` | {_KINDS[symbol.kind]} |"
