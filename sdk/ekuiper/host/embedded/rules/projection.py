"""From rows and groups to the rows that come out."""

from collections.abc import Mapping, Sequence
from typing import Any

from .data import Group, Row, Scope
from .evaluate import Evaluator
from .nodes import ALIAS, UNBOUND, Column, Expr, Field, Star, Statement
from .operators import EvalError
from .shapes import describe

__all__ = ["Projection"]


class Projection:
    """The fields of a SELECT. Columns that a row does not have are left out, and so are names for
    NULL unless `send_nil`; a column that is NULL stays."""

    def __init__(self, statement: Statement, evaluator: Evaluator, *, send_nil: bool) -> None:
        self._send_nil = send_nil
        self._star = False
        self._without: set[str] = set()
        self._columns: list[tuple[str, str]] = []
        self._plain: list[_Named] = []
        self._aliases: list[_Named] = []
        self._evaluator = evaluator
        self._order = [field.alias or field.name for field in statement.fields]
        for field in statement.fields:
            self._add(field)

    def _add(self, field: Field) -> None:
        expr = field.expr
        if field.alias:
            column = Column(field.at, field.alias, ALIAS, expr)
            self._aliases.append(_Named(field.alias, column, expr, self._evaluator))
        elif isinstance(expr, Star):
            self._star = True
            self._without = set(expr.without)
            for each in expr.replace:
                self._aliases.append(_Named(each.alias, each.expr, each.expr, self._evaluator))
        elif not isinstance(expr, Column):
            self._plain.append(_Named(field.name, expr, expr, self._evaluator))
        elif expr.name == "*":
            self._star = True
        else:
            self._columns.append((expr.name, expr.stream))

    def run(self, scope: Scope) -> dict[str, Any]:
        """The row for a row or group. Raises `EvalError`."""
        plain = {}
        for each in self._plain:
            value = each.value(scope)
            if value is not None:
                plain[each.name] = value
        named = {}
        for each in self._aliases:
            value = each.value(scope, alias=True)
            if value is not None or self._send_nil:
                named[each.name] = value
        own, rest = _picked(self._columns, scope.aliases)
        found = self._of_rows(scope, rest)
        found.update(plain)
        found.update(own)
        found.update(named)
        if self._star:
            return found
        return {name: found[name] for name in self._order if name in found}

    def _of_rows(self, scope: Scope, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
        if isinstance(scope, Row):
            return self._of_message(scope.message, columns)
        if not scope.rows:
            return {}
        own, rest = _picked(columns, scope.rows[0].aliases)
        return {**self._of_message(scope.message, rest), **own}

    def _of_message(
        self, message: Mapping[str, Any], columns: Sequence[tuple[str, str]]
    ) -> dict[str, Any]:
        if self._star:
            return {key: value for key, value in message.items() if key not in self._without}
        found = {}
        for name, stream in columns:
            if stream != ALIAS and (name in message or self._send_nil):
                found[name] = message.get(name)
        return found


class _Named:
    """A field that is worked out; `shown` is what errors tell of."""

    def __init__(self, name: str, expr: Expr, shown: Expr, evaluator: Evaluator) -> None:
        self.name = name
        self._value = evaluator.compile(expr)
        self._shown = shown

    def value(self, scope: Row | Group, *, alias: bool = False) -> Any:
        try:
            return self._value(scope)
        except EvalError as error:
            prefix = f"alias: {self.name} " if alias else ""
            text = f"{prefix}expr: {describe(self._shown)} meet error, err:{error}"
            raise EvalError(text) from error


def _picked(
    columns: Sequence[tuple[str, str]], aliases: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The columns that are aliases already worked out, and the rest."""
    found: dict[str, Any] = {}
    rest = []
    for name, stream in columns:
        if stream == UNBOUND and name in aliases:
            found[name] = aliases[name]
        else:
            rest.append((name, stream))
    return found, rest
