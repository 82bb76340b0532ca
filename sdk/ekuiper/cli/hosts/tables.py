"""What was seen of eKuipers, as tables."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from ..shared.texts import cell, clock, count, size

__all__ = ["plugin_table", "rule_table", "status_table"]

_GOOD = {"running": "green", "initializing": "yellow", "error": "bold red", "stop": "yellow"}


def status_table(seen: Sequence[tuple[str, dict[str, Any]]]) -> Table:
    """A line for each host."""
    table = _table("host", "eKuiper", "platform", "up", "memory", "plugins", "rules", "running")
    for host, each in seen:
        table.add_row(
            Text(host, "bold"),
            each["version"],
            each["platform"],
            "" if each["seconds_up"] is None else clock(each["seconds_up"]),
            "" if each["memory"] is None else size(each["memory"]),
            count(each["plugins"]),
            count(each["rules"]),
            count(each["running"]),
        )
    return table


def plugin_table(seen: Sequence[tuple[str, dict[str, Any]]]) -> Table:
    """A line for each plugin on each host."""
    table = _table("host", "plugin", "version", "status", "symbols", "from")
    for column in (4, 5):
        table.columns[column].overflow = "fold"
    for host, each in seen:
        symbols = [*each["sources"], *each["sinks"], *each["functions"]]
        table.add_row(
            Text(host, "bold"),
            cell(each["name"]),
            cell(each["version"]),
            _status(each["status"] or "not told", each["error"] or ""),
            cell(", ".join(symbols)),
            cell((each["file"] or "by hand").rpartition("/")[2]),
        )
    return table


def rule_table(seen: Sequence[tuple[str, dict[str, Any]]]) -> Table:
    """A line for each rule on each host."""
    table = _table("host", "rule", "status", "in", "out", "exceptions", "last error")
    for column in (3, 4, 5):
        table.columns[column].justify = "right"
    table.columns[6].overflow = "fold"
    for host, each in seen:
        table.add_row(
            Text(host, "bold"),
            cell(each["id"]),
            _status(each["status"], ""),
            count(each["in"]),
            count(each["out"]),
            Text(count(each["exceptions"]), "bold red" if each["exceptions"] else ""),
            Text(cell(each["errors"][-1]) if each["errors"] else "", "red"),
        )
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title)
    return table


def _status(status: str, error: str) -> Text:
    text = Text(cell(status), _GOOD.get(status.partition(":")[0].lower(), ""))
    return text.append(f" {cell(error)}", "red") if error else text
