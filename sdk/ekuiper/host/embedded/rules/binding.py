"""Which names are aliases and which are columns of the stream.

The order of steps is eKuiper's, and decides what a name means that is both: within the fields an
alias is known to the fields behind it, and to those before it only where it is another name for a
plain column; WHERE, GROUP BY and HAVING see every alias, in any case of letters.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import Script, StatementError, nearest
from .nodes import ALIAS, UNBOUND, Call, Column, Expr, Field, Statement, walk

__all__ = ["bind"]


def bind(
    statement: Statement,
    script: Script,
    columns: Mapping[str, Any] | None,
    *,
    unique: bool = True,
) -> None:
    """Bind every column of `statement`, in place. `columns` are those of a stream with a schema,
    None for one without. With `unique` no two fields may have one name.

    Raises `StatementError` for aliases that go in circles, names given twice, and, with a schema,
    for unknown columns.
    """
    _check_circles(statement, script)
    if columns is not None:
        statement.fields = _sorted(statement.fields)
    _Binder(statement, script, columns).bind()
    if unique:
        _check_names(statement, script)


class _Binder:
    def __init__(
        self, statement: Statement, script: Script, columns: Mapping[str, Any] | None
    ) -> None:
        self._statement = statement
        self._script = script
        self._columns = columns
        self._aliases: dict[str, Expr] = {}  # by their names in lower case

    def bind(self) -> None:
        fields = self._statement.fields
        for number, each in enumerate(fields):
            before = {other.alias for other in fields[:number] if other.alias}
            for column in _columns(each.expr):
                if column.name not in before:
                    self._bind_column(column)
        for each in fields:
            if each.alias:
                self._bind_alias(each)
        for expr in self._clauses():
            for column in _columns(expr):
                self._bind_name(column)

    def _clauses(self) -> Iterator[Expr]:
        found = self._statement
        yield from (expr for expr in (found.where, *found.groups, found.having) if expr is not None)

    def _bind_column(self, column: Column) -> None:
        known = self._columns
        if known is not None and column.name != "*" and column.name not in known:
            aliases = {each.alias for each in self._statement.fields}
            if column.name in aliases:
                return
            reason = f"the stream {self._statement.stream} has no column {column.name!r}; "
            hint = nearest(column.name, [*known, *(aliases - {""})], "columns")
            raise self._script.error(column.at, reason + hint)
        column.stream = self._statement.stream

    def _bind_alias(self, field: Field) -> None:
        folded = field.alias.lower()
        if folded in self._aliases:
            raise self._script.error(field.at, f"the name {field.alias!r} is given twice")
        self._aliases[folded] = field.expr
        stream = field.expr.stream if isinstance(field.expr, Column) else UNBOUND
        for other in self._statement.fields:
            if other.alias == field.alias:
                continue
            for column in _columns(other.expr):
                if column.name == field.alias and column.stream == stream:
                    column.stream, column.alias = ALIAS, field.expr

    def _bind_name(self, column: Column) -> None:
        alias = self._aliases.get(column.name.lower())
        if alias is not None and column.stream == UNBOUND:
            column.stream, column.alias = ALIAS, alias
        else:
            self._bind_column(column)


def _columns(expr: Expr) -> Iterator[Column]:
    return (node for node in walk(expr) if isinstance(node, Column))


def _check_circles(statement: Statement, script: Script) -> None:
    uses = {
        each.alias: {column.name for column in _columns(each.expr)} - {each.alias}
        for each in statement.fields
        if each.alias
    }
    for each in statement.fields:
        if each.alias and each.alias in _reached(each.alias, uses):
            reason = f"select fields have cycled alias: {each.alias!r} leads back to itself"
            raise script.error(each.at, reason)


def _reached(alias: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The aliases that one is made of, directly or not."""
    found: set[str] = set()
    left = [*uses[alias]]
    while left:
        name = left.pop()
        if name in uses and name not in found:
            found.add(name)
            left.extend(uses[name])
    return found


def _sorted(fields: list[Field]) -> list[Field]:
    """The fields with an alias, each behind those it needs, then the others. eKuiper does this for
    streams with a schema."""
    named = {each.alias: each for each in fields if each.alias}
    degrees: dict[str, int] = {}

    def degree(alias: str) -> int:
        if alias not in degrees:
            degrees[alias] = 0
            used = {column.name for column in _columns(named[alias].expr)} & named.keys()
            degrees[alias] = max((degree(name) + 1 for name in used - {alias}), default=0)
        return degrees[alias]

    order = sorted(named, key=lambda alias: (degree(alias), alias))
    return [named[alias] for alias in order] + [each for each in fields if not each.alias]


def _check_names(statement: Statement, script: Script) -> None:
    seen: set[str] = set()
    for each in statement.fields:
        name = each.alias or each.name
        if name in seen and name != "*":
            raise _twice(each, name, script)
        seen.add(name)


def _twice(field: Field, name: str, script: Script) -> StatementError:
    own = "" if field.alias or not isinstance(field.expr, Call) else "; give it a name with AS"
    return script.error(field.at, f"duplicate field definition {name}{own}")
