"""From expressions to functions of a row or group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ....errors import CallError
from .accessing import Ends, access, whole
from .builtins import BUILTINS
from .builtins.builtin import Failed
from .builtins.others import LATER
from .data import Scope
from .gotext import go_type
from .library import PluginCall
from .nodes import (
    ALIAS,
    UNBOUND,
    Between,
    Binary,
    Call,
    Case,
    Column,
    Expr,
    Index,
    JsonField,
    Like,
    Literal,
    Meta,
    Paren,
    Slice,
    Star,
    ValueSet,
)
from .operators import ErrorValue, EvalError, binary
from .ranges import RANGES, pattern_of

__all__ = ["Evaluator", "Place"]

Value = Callable[[Scope], Any]
"""Works an expression out. Raises `EvalError`."""


@dataclass(frozen=True)
class Place:
    """Where in a rule an expression stands."""

    rule: str
    op: str
    """The node's id, which plugin functions are told."""
    aggregate: bool = False
    """Whether it is for a group: aggregates get lists, and a function that cannot do it gives NULL
    instead of an error."""
    stars: bool = True
    """Whether `*` is the row; WHERE and GROUP BY know no `*`."""


class Evaluator:
    """Compiles the expressions of one place; `calls` are the plugin's functions by call."""

    def __init__(self, place: Place, calls: Mapping[int, PluginCall]) -> None:
        self._place = place
        self._calls = calls
        self._inner = (
            Evaluator(replace(place, aggregate=False, stars=True), calls)
            if place.aggregate
            else self
        )

    def compile(self, expr: Expr) -> Value:
        """The function that works `expr` out."""
        return _COMPILERS[type(expr)](self, expr)

    def _literal(self, expr: Literal) -> Value:
        value = expr.value
        return lambda scope: value

    def _column(self, expr: Column) -> Value:
        name = expr.name
        if expr.stream == ALIAS and expr.alias is not None:
            inner = self.compile(expr.alias)

            def alias(scope: Scope) -> Any:
                known = scope.aliases
                if name not in known:
                    known[name] = inner(scope)
                return known[name]

            return alias
        if expr.stream == UNBOUND:
            return lambda scope: scope.loose(name)
        return lambda scope: scope.message.get(name)

    def _meta(self, expr: Meta) -> Value:
        name = expr.name
        if name == "*":
            return lambda scope: scope.meta
        return lambda scope: scope.meta.get(name)

    def _json_field(self, expr: JsonField) -> Value:
        name = expr.name
        return lambda scope: scope.loose(name)

    def _star(self, expr: Star) -> Value:
        if not self._place.stars:
            return _no_star
        without = set(expr.without)
        replaced = [(each.alias, self.compile(each.expr)) for each in expr.replace]

        def star(scope: Scope) -> Any:
            found = {key: value for key, value in scope.message.items() if key not in without}
            found.update({name: value(scope) for name, value in replaced})
            return found

        return star

    def _paren(self, expr: Paren) -> Value:
        return self.compile(expr.inner)

    def _binary(self, expr: Binary) -> Value:
        op, left, right = expr.op, self.compile(expr.left), self.compile(expr.right)
        if op in ("->", "[]"):
            name = expr.right.name if isinstance(expr.right, JsonField) else None
            return lambda scope: access(op, left(scope), name, right, scope)
        special = RANGES.get(op)
        if special is not None:
            return lambda scope: special(op, _plain(op, left(scope)), right(scope))
        if op in ("AND", "OR"):
            return _logic(op, left, right)
        return lambda scope: binary(op, _plain(op, left(scope)), right(scope))

    def _index(self, expr: Index) -> Value:
        inner = self.compile(expr.inner)

        def index(scope: Scope) -> Ends:
            place = whole(inner(scope), "index")
            return Ends(place, place)

        return index

    def _slice(self, expr: Slice) -> Value:
        start = self.compile(expr.start)
        end = None if expr.end is None else self.compile(expr.end)

        def ends(scope: Scope) -> Ends:
            first = whole(start(scope), "colon start")
            return Ends(first, None if end is None else whole(end(scope), "colon end"))

        return ends

    def _between(self, expr: Between) -> Value:
        low, high = self.compile(expr.low), self.compile(expr.high)
        return lambda scope: (low(scope), high(scope))

    def _like(self, expr: Like) -> Value:
        if expr.pattern is not None:
            pattern = expr.pattern
            return lambda scope: pattern
        inner = self.compile(expr.inner)
        return lambda scope: pattern_of(inner(scope))

    def _value_set(self, expr: ValueSet) -> Value:
        items = [self.compile(item) for item in expr.items]
        return lambda scope: [item(scope) for item in items]

    def _case(self, expr: Case) -> Value:
        value = None if expr.value is None else self.compile(expr.value)
        whens = [(self.compile(each.condition), self.compile(each.result)) for each in expr.whens]
        otherwise = None if expr.otherwise is None else self.compile(expr.otherwise)

        def case(scope: Scope) -> Any:
            subject = None if value is None else value(scope)
            for condition, result in whens:
                try:
                    found = condition(scope)
                    found = found if value is None else binary("=", subject, found)
                except EvalError as error:
                    raise EvalError(f"evaluate case expression error: {error}") from error
                if found is True:
                    return result(scope)
            return None if otherwise is None else otherwise(scope)

        return case

    def _call(self, expr: Call) -> Value:
        if expr.name in LATER and not expr.plugin:
            return self._implicit(expr.name)
        run = self._plugin(expr) if expr.plugin else self._builtin(expr.name)
        if expr.kind == "aggregate":
            inner = [self._inner.compile(arg) for arg in expr.args]
            return lambda scope: run([_column_of(arg, scope) for arg in inner])
        args = [self.compile(arg) for arg in expr.args]
        return lambda scope: run([arg(scope) for arg in args])

    def _implicit(self, name: str) -> Value:
        if name == "rule_id":
            rule = self._place.rule
            return lambda scope: rule
        if name == "event_time":
            return lambda scope: scope.time
        start = name == "window_start"

        def end_of_window(scope: Scope) -> Any:
            if scope.span is None:
                return None
            return scope.span.start if start else scope.span.end

        return end_of_window

    def _builtin(self, name: str) -> Callable[[list[Any]], Any]:
        function = BUILTINS[name]
        lenient = self._place.aggregate and function.kind == "scalar"

        def run(args: list[Any]) -> Any:
            try:
                return function.call(args)
            except Failed as error:
                if lenient:
                    return None
                raise EvalError(f"call func {name} error: {error}") from error

        return run

    def _plugin(self, call: Call) -> Callable[[list[Any]], Any]:
        plugin, place, number = self._calls[call.number], self._place, call.number
        lenient = place.aggregate and call.kind == "scalar"

        def once(args: list[Any]) -> Any:
            return plugin.run(_sendable(args), rule=place.rule, op=place.op, number=number)

        def run(args: list[Any]) -> Any:
            try:
                return once(args)
            except CallError as error:
                if not lenient:
                    raise EvalError(str(error)) from error
            try:
                return once(args)  # in a select with aggregates eKuiper calls it a second time
            except CallError:
                return None

        return run


def _no_star(scope: Scope) -> Any:
    raise EvalError("unexpected wildcard value <nil>")


def _column_of(arg: Value, scope: Scope) -> list[Any]:
    """An aggregate's argument: its value for each row, and what went wrong where it has none."""
    found: list[Any] = []
    for row in scope.rows:
        try:
            found.append(arg(row))
        except EvalError as error:
            found.append(ErrorValue(str(error)))
    return found


def _sendable(value: Any) -> Any:
    """What a plugin gets: an error is an empty object."""
    if type(value) is list:
        return [_sendable(item) for item in value]
    return {} if isinstance(value, ErrorValue) else value


def _plain(op: str, value: Any) -> Any:
    """The left operand, which can be no array or object."""
    if type(value) in (list, dict):
        raise EvalError(f"{op} is an invalid operation for {go_type(value)}")
    return value


def _logic(op: str, left: Value, right: Value) -> Value:
    """AND and OR; the right side is not worked out where the left decides."""
    decides = op == "OR"

    def logic(scope: Scope) -> Any:
        first = _plain(op, left(scope))
        return decides if first is decides else binary(op, first, right(scope))

    return logic


_COMPILERS: Mapping[type[Expr], Callable[[Evaluator, Any], Value]] = {
    Between: Evaluator._between,
    Binary: Evaluator._binary,
    Call: Evaluator._call,
    Case: Evaluator._case,
    Column: Evaluator._column,
    Index: Evaluator._index,
    JsonField: Evaluator._json_field,
    Like: Evaluator._like,
    Literal: Evaluator._literal,
    Meta: Evaluator._meta,
    Paren: Evaluator._paren,
    Slice: Evaluator._slice,
    Star: Evaluator._star,
    ValueSet: Evaluator._value_set,
}
