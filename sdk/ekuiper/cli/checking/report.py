"""Findings as people read them."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ...bundle.checks import Checked, Finding
from ..shared.texts import cell, times

__all__ = ["print_checked"]

_STYLES = {"error": "bold red", "warning": "bold yellow"}


def print_checked(console: Console, what: Path, found: Checked, hosts: Sequence[str]) -> None:
    """Each finding with its place, reason and fix; then how many there are."""
    for finding in found.findings:
        _print(console, finding)
    plugin = f"plugin {found.manifest.name}" if found.manifest else str(what)
    where = f" for {', '.join(hosts)}" if hosts else ""
    warnings = len(found.findings) - found.errors
    counts = [times(found.errors, "error")] if found.errors else []
    counts += [times(warnings, "warning")] if warnings else []
    text = Text(f"{cell(plugin)}{where}: ")
    style = "bold red" if found.errors else "bold yellow" if warnings else "bold green"
    text.append(", ".join(counts) or "nothing to complain of", style)
    console.print(text, soft_wrap=True)


def _print(console: Console, finding: Finding) -> None:
    head = Text(finding.severity, _STYLES[finding.severity])
    head.append(f" {finding.id}", "bold")
    head.append(f"  {cell(finding.place)}")
    console.print(head, soft_wrap=True)
    hosts = f" (eKuiper {finding.hosts})" if str(finding.hosts) else ""
    _print_indented(console, Text(f"{cell(finding.reason)}{hosts}"), "  ")
    first, *rest = finding.fix.split("\n")
    _print_indented(console, Text("fix: ", "dim").append(first, "not dim"), "  ")
    for line in rest:
        _print_indented(console, Text(line), "       ")
    console.print()


def _print_indented(console: Console, text: Text, indent: str) -> None:
    """In lines as wide as the terminal; in one, where it is none."""
    width = console.width - len(indent)
    for line in text.wrap(console, width) if console.is_terminal else [text]:
        line.rstrip()
        console.print(Text(indent).append_text(line), soft_wrap=True)
