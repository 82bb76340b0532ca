"""Mistakes as lines for people."""

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from ...host.embedded.counters import Fault
from .texts import cell, count

__all__ = ["fault_lines", "heading", "print_faults", "print_log"]

_PLACE = re.compile(r"[\w.+-]+\.\w+:\d+")


def heading(text: str) -> Text:
    """The line over a part."""
    return Text(text, style="bold")


def print_faults(console: Console, faults: Sequence[Fault], most: int) -> None:
    """A part with the last mistakes, in full; nothing without any."""
    if faults:
        console.print()
        console.print(heading("errors"))
    for line in fault_lines(faults, most):
        line.no_wrap = False
        console.print(line, soft_wrap=True)


def print_log(console: Console, lines: Iterable[str]) -> None:
    """A part with the last lines of the plugin's log."""
    console.print()
    console.print(heading("the end of the plugin's log"))
    for line in lines:
        console.print(Text(f"  {cell(line)}", "dim"), soft_wrap=True)


def fault_lines(faults: Sequence[Fault], most: int) -> list[Text]:
    """The last mistakes, the newest first, each on one line with the line of code in bold."""
    lines = []
    for fault in reversed(faults[-most:] if most > 0 else ()):
        line = Text("  ", no_wrap=True, overflow="ellipsis")
        if fault.count > 1:
            line.append(f"{count(fault.count)} × ", "bold red")
        line.append(f"{fault.where}: ", "dim").append(cell(fault.text))
        line.highlight_regex(_PLACE, "bold")
        lines.append(line)
    return lines
