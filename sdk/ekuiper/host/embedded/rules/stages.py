"""Rows through a plan: WHERE, window, GROUP BY, HAVING and SELECT."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .data import Group, Item, Problem, Row, Scope, Span
from .gotext import go_type, go_value
from .operators import EvalError
from .plan import Plan
from .windows import CountWindow, TumblingWindow

__all__ = ["Output", "Result", "Stages"]


class Result(NamedTuple):
    """Rows that come out together; `empty` if the window that they are of had no row."""

    rows: list[dict[str, Any]]
    empty: bool = False


Output = Result | Problem


class Stages:
    """One running rule's; `now` is when it began, in milliseconds since 1970."""

    def __init__(self, plan: Plan, now: int) -> None:
        self._plan = plan
        self._window: CountWindow | TumblingWindow | None = None
        if plan.window is not None:
            count = plan.window.kind == "count"
            self._window = CountWindow(plan.window) if count else TumblingWindow(plan.window, now)

    @property
    def due(self) -> int | None:
        """When something comes out without a new row, in milliseconds since 1970; None: never."""
        return None if self._window is None else self._window.due

    @property
    def pending(self) -> int:
        """How many rows wait in the window."""
        return 0 if self._window is None else len(self._window)

    def push(self, item: Item) -> Iterator[Output]:
        """Take a row, or an error, which goes straight through; gives what comes out."""
        if isinstance(item, Problem):
            yield item
            return
        if isinstance(self._window, CountWindow):
            rows = self._window.add(item)
            if rows is not None:
                yield from self._after(rows, rows[0].span, filtered=False)
            return
        try:
            passed = self._passes(item)
        except EvalError as error:
            yield Problem("WHERE", f"run Where error: {error}")
            return
        if not passed:
            return
        if self._window is not None:
            self._window.add(item)
        else:
            yield from self._project([item], len([item]))

    def tick(self, now: int) -> Iterator[Output]:
        """It is `now`: ends the windows whose time is over."""
        while self._window is not None and self._window.due is not None:
            if self._window.due > now:
                return
            rows, span = self._window.end()
            yield from self._after(rows, span, filtered=True)

    def _after(self, rows: Sequence[Row], span: Span | None, *, filtered: bool) -> Iterator[Output]:
        """What comes out of a window."""
        if not filtered and self._plan.where is not None:
            try:
                rows = [row for row in rows if self._passes(row)]
            except EvalError as error:
                yield Problem("WHERE", f"run Where error: {error}")
                return
            if not rows:
                return
        groups: Sequence[Group] = [Group(rows, span)]
        if self._plan.groups:
            try:
                groups = self._grouped(rows, span)
            except EvalError as error:
                yield Problem("GROUP BY", f"run Group By error: {error}")
                return
        if self._plan.having is not None:
            try:
                groups = [group for group in groups if self._has(group)]
            except EvalError as error:
                yield Problem("HAVING", f"run Having error: {error}")
                return
        if groups:
            single: Sequence[Scope] = rows
            yield from self._project(groups if self._plan.aggregate else single, len(rows))

    def _passes(self, row: Row) -> bool:
        if self._plan.where is None:
            return True
        return self._truth(self._plan.where(row), null=True)

    def _has(self, group: Group) -> bool:
        return self._truth(self._plan.having(group) if self._plan.having else True, null=False)

    def _truth(self, value: Any, *, null: bool) -> bool:
        if isinstance(value, bool):
            return value
        if value is None and null:
            return False
        shown = f"{go_type(value)}({go_value(value)})"
        raise EvalError(f"invalid condition that returns non-bool value {shown}")

    def _grouped(self, rows: Sequence[Row], span: Span | None) -> Sequence[Group]:
        found: dict[str, list[Row]] = {}
        for row in rows:
            key = "".join(f"{go_value(each(row))}," for each in self._plan.groups)
            found.setdefault(key, []).append(row)
        return [Group(members, span) for members in found.values()]

    def _project(self, scopes: Sequence[Scope], size: int) -> Iterator[Output]:
        try:
            found = [self._plan.projection.run(scope) for scope in scopes]
        except EvalError as error:
            yield Problem("SELECT", f"run Select error: {error}")
            return
        yield Result(found, empty=not size)
