"""The diagnosis as a table in colour."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ...host.local.checks import Finding
from ..shared.texts import cell
from .texts import described, failed, summary

__all__ = ["drawn"]

_STYLES = {"ok": "green", "warning": "bold yellow", "error": "bold red"}


def drawn(found: Sequence[Finding]) -> Group:
    """A row for each finding, and how many are bad."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        text = Text(cell(described(finding)), "dim" if finding.severity == "ok" else "")
        if finding.fix:
            text.append("\nfix: ", "bold").append(cell(finding.fix))
        table.add_row(
            Text(finding.severity, _STYLES[finding.severity]), Text(finding.id, "bold"), text
        )
    well = all(finding.severity == "ok" for finding in found)
    style = _STYLES["error" if failed(found) else "ok" if well else "warning"]
    return Group(table, Text(summary(found), style))
