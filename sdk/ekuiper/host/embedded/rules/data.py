"""Rows on their way through a rule."""

from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Group", "Item", "Problem", "Row", "Scope", "Span"]


class Span(NamedTuple):
    """When a window began and ended, in milliseconds since 1970."""

    start: int
    end: int


class Row:
    """A row, with the aliases that were worked out for it.

    `time` is when it came, in milliseconds since 1970; `span` that of its window, if it has one.
    """

    __slots__ = ("aliases", "message", "meta", "span", "time")

    def __init__(
        self, message: dict[str, Any], meta: dict[str, Any] | None = None, time: int = 0
    ) -> None:
        self.message = message
        self.meta = meta or {}
        self.time = time
        self.aliases: dict[str, Any] = {}
        self.span: Span | None = None

    @property
    def rows(self) -> "Sequence[Row]":
        return (self,)

    def loose(self, name: str) -> Any:
        """What has that name: an alias that was worked out, else a column."""
        return self.aliases[name] if name in self.aliases else self.message.get(name)


class Group:
    """The rows of a window, or those of a window that belong together; there may be none."""

    __slots__ = ("aliases", "rows", "span")

    def __init__(self, rows: Sequence[Row], span: Span | None) -> None:
        self.rows = rows
        self.span = span
        self.aliases: dict[str, Any] = {}

    @property
    def message(self) -> dict[str, Any]:
        return self.rows[0].message if self.rows else {}

    @property
    def meta(self) -> dict[str, Any]:
        return self.rows[0].meta if self.rows else {}

    @property
    def time(self) -> int:
        return self.span.end if self.span is not None else 0

    def loose(self, name: str) -> Any:
        """What has that name: an alias that was worked out, else the first row's."""
        if name in self.aliases:
            return self.aliases[name]
        return self.rows[0].loose(name) if self.rows else None


Scope = Row | Group
"""What an expression is worked out for."""


class Problem(NamedTuple):
    """An error on its way through a rule; `where` is the part that it came from."""

    where: str
    text: str


Item = Row | Problem
"""What comes from a stream."""
