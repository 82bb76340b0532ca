"""Columns that a statement asks for and no row has: in eKuiper no error, but often a slip."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .errors import nearest

__all__ = ["Unseen"]


class Unseen:
    """Looks at rows on one thread; `hints` may be asked for on another."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._left = frozenset(columns)
        self._last: Collection[str] | None = None

    def look(self, message: Mapping[str, Any]) -> None:
        """One more row came."""
        if self._left:
            self._left = self._left - message.keys()  # a new set: another may be read meanwhile
            self._last = tuple(message)

    @property
    def hints(self) -> list[str]:
        """One for each column that no row had so far; none before the first row."""
        if self._last is None:
            return []
        return [_hint(name, self._last) for name in sorted(self._left)]


def _hint(name: str, known: Collection[str]) -> str:
    if name.upper() == "NULL":
        return f"eKuiper's SQL takes {name} for a column, which no row has; write isnull(column)"
    return f"no row has the column {name!r}; {nearest(name, known, 'columns')}"
