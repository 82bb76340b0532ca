"""The overview in plain text: for pipes, and where there is no rich."""

from .texts import TITLES, Section

__all__ = ["plain_text"]

_LEFT = 2  # columns of words; the others are numbers
_GAP = "  "


def plain_text(sections: list[Section]) -> str:
    """All of them, a blank line between two."""
    widths = _widths([TITLES, *(line for each in sections for line in each.lines)])
    return "\n\n".join(_text(each, widths) for each in sections)


def _text(section: Section, widths: list[int]) -> str:
    heading = " · ".join(part for part in (section.name, section.state, section.rest) if part)
    lines = [heading, *(f"  ! {fault}" for fault in section.faults)]
    if section.lines:
        lines += [_row(TITLES, widths), *(_row(line, widths) for line in section.lines)]
    return "\n".join(lines)


def _widths(rows: list[tuple[str, ...]]) -> list[int]:
    return [max(len(row[column]) for row in rows) for column in range(len(TITLES))]


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    texts = (
        cell.ljust(width) if column < _LEFT else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"  {_GAP.join(texts)}".rstrip()
