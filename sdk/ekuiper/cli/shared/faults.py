"""Mistakes as lines for people."""

import re
from collections.abc import Sequence

from rich.text import Text

from ...host.embedded.counters import Fault
from .texts import cell, count

__all__ = ["fault_lines", "heading"]

_PLACE = re.compile(r"[\w.+-]+\.\w+:\d+")


def heading(text: str) -> Text:
    """The line over a part."""
    return Text(text, style="bold")


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
