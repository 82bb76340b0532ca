"""Rows as a table."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from .texts import cell, decimals

__all__ = ["table_of_rows"]

_WIDEST = 24  # characters of one value
_GAP = 2
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*(?:Z|[+-]\d\d:?\d\d)?")


def table_of_rows(rows: Sequence[dict[str, Any]], width: int, results: Sequence[str] = ()) -> Table:
    """One line for each; columns that do not fit into `width` are left out, and told by their
    number: the last ones, but `results` at last."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = {name: _texts(name, rows) for name in names}
    shown = _fitting(texts, results, width)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for name in shown:
        numeric = all(isinstance(row.get(name), (int, float, type(None))) for row in rows)
        table.add_column(
            justify="right" if numeric else "left", no_wrap=True, max_width=_WIDEST + _GAP
        )
    left_out = len(names) - len(shown)
    more = [Text(f"+{left_out}", "dim")] if left_out else []
    if left_out:
        table.add_column()
    heads = (Text(cell(name), "cyan" if name in results else "dim") for name in shown)
    table.add_row(*_indented(heads), *more)
    for position in range(len(rows)):
        cells = [Text(texts[name][position]) for name in shown]
        if cells and not any(each.plain for each in cells):
            cells[0] = Text("(empty)", "dim")
        table.add_row(*_indented(cells))
    return table


def _texts(name: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """A column as it is shown; of times on one day, the time of day."""
    values = [row.get(name) for row in rows]
    times = [_TIME.fullmatch(value) if isinstance(value, str) else None for value in values]
    if values and all(times) and len({found[1] for found in times if found}) == 1:
        return [found[2] for found in times if found]
    places = decimals(values)
    return [cell(float(x) if places and type(x) is int else x, places) for x in values]


def _fitting(texts: dict[str, list[str]], results: Sequence[str], width: int) -> list[str]:
    """The columns there is room for."""
    shown = list(texts)
    needed = {
        name: _GAP + min(_WIDEST, max(map(len, [cell(name), *column])))
        for name, column in texts.items()
    }
    while sum(needed[name] for name in shown) + 6 > width and len(shown) > 1:
        plain = [name for name in shown if name not in results]
        shown.remove(plain[-1] if plain else shown[-1])
    return shown


def _indented(cells: Iterable[Text]) -> list[Text]:
    """The first cell begins where the lines above it do."""
    found = list(cells)
    if found:
        found[0] = Text("  ").append_text(found[0])
    return found
