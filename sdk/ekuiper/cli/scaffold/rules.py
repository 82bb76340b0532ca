"""Streams and rules that show new symbols at work."""

import json
from collections.abc import Iterable, Sequence

from .symbols import Symbol

__all__ = ["DEMO", "demo_stream", "rule_files", "rule_of", "stream_of"]

DEMO = "demo"
"""The stream of a project without a source."""

_WINDOW = "COUNTWINDOW(4)"
_VALUES = (20.5, 21.0, 21.5, 23.0, 22.0, 20.0, 19.5, 21.0)


def stream_of(source: Symbol) -> dict[str, str]:
    """A stream of a source, called like it."""
    options = f'TYPE="{source.name}", DATASOURCE="here", FORMAT="json"'
    return {f"streams/{source.name}.sql": f"CREATE STREAM {source.name} () WITH ({options});\n"}


def demo_stream() -> dict[str, str]:
    """A stream of a memory topic, and rows for it on this machine."""
    options = f'TYPE="memory", DATASOURCE="{DEMO}", FORMAT="json"'
    rows = "".join(f"{json.dumps({'value': value})}\n" for value in _VALUES)
    return {
        f"streams/{DEMO}.sql": f"CREATE STREAM {DEMO} () WITH ({options});\n",
        f"streams/{DEMO}.jsonl": rows,
    }


def rule_files(plugin: str, symbols: Sequence[Symbol]) -> dict[str, str]:
    """Rules that use every one of a new plugin's symbols."""
    sources, sinks, functions, aggregates = (
        [symbol for symbol in symbols if symbol.kind == kind]
        for kind in ("source", "sink", "function", "aggregate")
    )
    stream = sources[0].name if sources else DEMO
    files: dict[str, str] = {}
    if functions or not aggregates:
        files |= _rule(plugin, stream, plugin, functions, sinks)
    if aggregates:
        name = f"{plugin}_windows" if files else plugin
        files |= _rule(name, stream, plugin, aggregates, [] if files else sinks)
    for source in sources[1:]:
        files |= rule_of(source, plugin, source.name)
    return files


def rule_of(symbol: Symbol, plugin: str, stream: str) -> dict[str, str]:
    """A rule for one symbol, with rows of a stream."""
    called = [symbol] if symbol.group == "functions" else []
    sinks = [symbol] if symbol.kind == "sink" else []
    return _rule(f"{plugin}_{symbol.name}", stream, plugin, called, sinks)


def _rule(
    name: str, stream: str, plugin: str, called: Sequence[Symbol], sinks: Iterable[Symbol]
) -> dict[str, str]:
    windowed = any(symbol.kind == "aggregate" for symbol in called)
    columns = ["count(*) AS rows" if windowed else "*"]
    columns += [f"{each.name}(value) AS {each.name}_value" for each in called]
    sql = f"SELECT {', '.join(columns)} FROM {stream}"
    rule = {
        "id": name,
        "sql": f"{sql} GROUP BY {_WINDOW}" if windowed else sql,
        "actions": [{each.name: {"path": f"/tmp/{plugin}.jsonl"}} for each in sinks]
        or [{"log": {}}],
    }
    return {f"rules/{name}.json": json.dumps(rule, indent=2) + "\n"}
