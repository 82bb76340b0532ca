"""What a rule does with rows, made out of its statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..counters import FunctionCounters
from .binding import bind
from .data import Scope
from .errors import BEYOND, RuleError, Script, nearest
from .evaluate import Evaluator, Place
from .library import Library, PluginCall, resolve
from .nodes import Binary, Call, Column, Expr, Statement, Window, walk
from .projection import Projection
from .streams import Stream

__all__ = ["Plan", "check", "plan"]

Value = Callable[[Scope], Any]


@dataclass(frozen=True)
class Plan:
    """A rule, ready for rows."""

    stream: Stream
    window: Window | None
    aggregate: bool
    """Whether a window or group comes to one row."""
    where: Value | None
    groups: Sequence[Value]
    having: Value | None
    projection: Projection
    functions: Sequence[FunctionCounters]
    results: Sequence[str]
    """The columns that functions of the plugin fill."""
    columns: frozenset[str]
    """The stream's columns that it asks for."""


def plan(
    script: Script,
    *,
    rule: str,
    streams: Mapping[str, Stream],
    library: Library,
    send_nil: bool = False,
) -> Plan:
    """Read, validate and plan a rule's SQL, in the order in which eKuiper does.

    Functions of the plugin are started and asked (`IsAggregate`, `Validate`). Raises
    `StatementError`.
    """
    statement = _read(script)
    calls, counters = resolve(statement, script, library)
    stream = _bound(statement, script, streams, library)
    _check(statement, script)
    return _Planner(statement, rule, calls, send_nil).plan(stream, counters)


def check(script: Script, *, streams: Mapping[str, Stream], library: Library) -> Stream:
    """The stream of a rule whose SQL is right, as far as that is known without asking the plugin,
    which `library` does not. Raises `StatementError`."""
    statement = _read(script)
    resolve(statement, script, library)
    return _bound(statement, script, streams, library)


def _bound(
    statement: Statement, script: Script, streams: Mapping[str, Stream], library: Library
) -> Stream:
    stream = _stream(statement, script, streams)
    bind(statement, script, stream.columns, unique=library.settings.unique_fields)
    return stream


def _read(script: Script) -> Statement:
    try:
        from .reading import read
    except ImportError as error:
        advice = "pip install 'ekuiper[cli]'"
        raise RuleError(script.path, f"reading SQL needs sqlglot; {advice}") from error
    return read(script)


def _stream(statement: Statement, script: Script, streams: Mapping[str, Stream]) -> Stream:
    if statement.stream not in streams:
        hint = nearest(statement.stream, streams, "streams")
        reason = f"there is no stream {statement.stream!r}; {hint}"
        raise script.error(statement.stream_at, reason)
    return streams[statement.stream]


class _Planner:
    """Numbers the nodes as eKuiper does, from the source on; functions are told."""

    def __init__(
        self, statement: Statement, rule: str, calls: Mapping[int, PluginCall], send_nil: bool
    ) -> None:
        self._statement = statement
        self._rule = rule
        self._calls = calls
        self._send_nil = send_nil
        self._number = 1

    def plan(self, stream: Stream, counters: Sequence[FunctionCounters]) -> Plan:
        statement, where = self._statement, None
        window = statement.window
        aggregate = bool(statement.groups) or any(
            _is_aggregate(each.expr) for each in statement.fields
        )
        if window is not None and window.kind == "count":
            self._number += 1
        if statement.where is not None:
            where = self._evaluator("filter", stars=False).compile(statement.where)
        if window is not None and window.kind == "tumbling":
            self._number += 1
        groups: list[Value] = []
        if statement.groups:
            place = self._evaluator("aggregate", stars=False)
            groups = [place.compile(each) for each in statement.groups]
        having = None
        if statement.having is not None:
            having = self._evaluator("having", aggregate=True).compile(statement.having)
        place = self._evaluator("project", aggregate=aggregate)
        projection = Projection(statement, place, send_nil=self._send_nil)
        results = [each.alias or each.name for each in statement.fields if _is_result(each.expr)]
        return Plan(
            stream=stream,
            window=window,
            aggregate=aggregate,
            where=where,
            groups=groups,
            having=having,
            projection=projection,
            functions=counters,
            results=results,
            columns=_columns(statement),
        )

    def _evaluator(self, node: str, *, aggregate: bool = False, stars: bool = True) -> Evaluator:
        self._number += 1
        place = Place(self._rule, f"{self._number}_{node}", aggregate, stars)
        return Evaluator(place, self._calls)


def _is_aggregate(expr: Expr) -> bool:
    """Whether there is an aggregate in an expression, or in an alias that it uses."""
    for node in walk(expr):
        if isinstance(node, Call) and node.kind == "aggregate":
            return True
        if isinstance(node, Column) and node.alias is not None and _is_aggregate(node.alias):
            return True
    return False


def _columns(statement: Statement) -> frozenset[str]:
    nodes = (node for expr in statement.expressions() for node in walk(expr))
    columns = (node for node in nodes if isinstance(node, Column) and node.name != "*")
    return frozenset(each.name for each in columns if each.stream == statement.stream)


def _is_result(expr: Expr) -> bool:
    return any(isinstance(node, Call) and node.plugin for node in walk(expr))


def _check(statement: Statement, script: Script) -> None:
    """What only shows when aliases are known."""
    if statement.where is not None and _is_aggregate(statement.where):
        reason = f"an aggregate in WHERE is not supported here; {BEYOND}"
        raise script.error(statement.where.at, reason)
    if statement.having is not None:
        if statement.window is None:
            raise script.error(statement.having.at, "HAVING needs a window in GROUP BY")
        plain = _not_aggregate(statement.having)
        if plain is not None:
            reason = "Not allowed to call non-aggregate functions in HAVING clause"
            raise script.error(plain.at, f"{reason}; conditions on rows belong into WHERE")
    for each in statement.groups:
        if _is_aggregate(each):
            reason = "Not allowed to call aggregate functions in GROUP BY clause"
            raise script.error(each.at, reason)
        if statement.window is None:
            reason = "select stmt group by should be used with window, such as COUNTWINDOW(10)"
            raise script.error(each.at, reason)
    for expr in statement.expressions():
        for node in walk(expr):
            if isinstance(node, Call) and node.kind == "aggregate":
                _check_args(node, script)


def _check_args(call: Call, script: Script) -> None:
    for arg in call.args:
        if _is_aggregate(arg):
            reason = f"invalid argument for func {call.name}: aggregate argument is not allowed"
            raise script.error(arg.at, reason)


def _not_aggregate(expr: Expr) -> Expr | None:
    """A part of HAVING that is of rows, not of a group."""
    if isinstance(expr, Binary):
        if expr.op in ("->", "[]"):
            return None
        return _not_aggregate(expr.left) or _not_aggregate(expr.right)
    if isinstance(expr, (Call, Column)) and not _is_aggregate(expr):
        return expr
    return None
