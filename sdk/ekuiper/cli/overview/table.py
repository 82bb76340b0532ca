"""The overview as tables in colour."""

from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .texts import TITLES, Section

__all__ = ["tables"]

_ERRORS = TITLES.index("errors")
_P99 = TITLES.index("p99")
_NAMES = 2  # columns of words; the others are numbers
_LEAST = 5  # characters of a name, however narrow the terminal
_INDENT = 2
_GAP = 2


def tables(sections: list[Section], width: int) -> Group:
    """A heading and a table for each, with the columns of all below each other."""
    widths = _widths(sections, width)
    parts: list[RenderableType] = []
    for section in sections:
        if parts:
            parts.append("")
        parts += _parts(section, widths)
    return Group(*parts)


def _widths(sections: list[Section], width: int) -> list[int]:
    """Numbers are shown in full; names share what is left, symbols first."""
    rows = [TITLES, *(line for each in sections for line in each.lines)]
    symbols, rules, *numbers = (max(map(len, column)) for column in zip(*rows, strict=True))
    left = width - _INDENT - _GAP * (len(TITLES) - 1) - sum(numbers)
    symbols = max(_LEAST, min(symbols, left - _LEAST))
    return [symbols, max(_LEAST, min(rules, left - symbols)), *numbers]


def _parts(section: Section, widths: list[int]) -> list[RenderableType]:
    style = "green" if section.well else "bold red" if section.faults else "yellow"
    heading = Text(no_wrap=True, overflow="ellipsis")
    heading.append(section.name, "bold").append(" · ").append(section.state, style)
    if section.rest:
        heading.append(f" · {section.rest}", "dim")
    faults = [Text(f"  ! {fault}", "" if section.well else "red") for fault in section.faults]
    return [heading, *faults, *([_table(section, widths)] if section.lines else [])]


def _table(section: Section, widths: list[int]) -> Padding:
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for number, width in enumerate(widths):
        justify: JustifyMethod = "left" if number < _NAMES else "right"
        table.add_column(width=width, justify=justify, no_wrap=True, overflow="ellipsis")
    table.add_row(*(Text(title, "dim") for title in TITLES))
    for line in section.lines:
        cells = [Text(cell) for cell in line]
        cells[_P99].stylize("cyan")
        if line[_ERRORS] not in ("", "0"):
            cells[_ERRORS].stylize("bold red")
        table.add_row(*cells)
    return Padding(table, (0, 0, 0, _INDENT))
