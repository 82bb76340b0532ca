"""From text to statement: sqlglot's tree becomes ours, read the way eKuiper reads it."""

from collections.abc import Sequence
from typing import Any

from sqlglot import Token, TokenType, exp

from .dialect import parse, tokenize
from .errors import BEYOND, Script
from .expressions import NO_QUERY, Expressions
from .leaves import Leaves
from .nodes import (
    Call,
    Expr,
    Field,
    Literal,
    Star,
    Statement,
    TimeUnit,
    Window,
    walk,
)
from .words import check

__all__ = ["read"]

_WINDOWS = {"hoppingwindow", "sessionwindow", "slidingwindow", "statewindow"}
_ALL_WINDOWS = {"tumblingwindow", "countwindow", *_WINDOWS}


def read(script: Script) -> Statement:
    """The SELECT in `script`. Raises `StatementError` for what is no SQL of eKuiper's, and for what
    is not supported here."""
    tokens = tokenize(script)
    check(script, tokens)
    if not tokens or tokens[0].token_type is not TokenType.SELECT:
        raise script.error(tokens[0].start if tokens else 0, "a rule's SQL begins with SELECT")
    tree = parse(script, tokens)
    if not isinstance(tree, exp.Select):
        raise script.error(0, "a rule's SQL is one SELECT statement")
    return _Reader(script, tokens, tree).statement()


class _Reader(Expressions):
    """Reads one tree; calls are numbered in the order in which eKuiper reads them."""

    def __init__(self, script: Script, tokens: Sequence[Token], tree: exp.Select) -> None:
        self._tree = tree
        stream = self._stream(script, tokens, tree)
        super().__init__(script, tokens, stream[0])
        self._stream_at = stream[1]

    def statement(self) -> Statement:
        args = self._tree.args
        fields = [self._field(each) for each in self._tree.expressions]
        if not fields:
            raise self._script.error(len("SELECT"), "SELECT needs at least one field")
        where = self.expr(args["where"].this) if args.get("where") else None
        found = Statement(self._script.text, fields, self._stream_name, self._stream_at, where)
        if args.get("group"):
            self._group(found, args["group"].expressions)
        if args.get("having"):
            found.having = self.expr(args["having"].this)
        for expr in found.expressions():
            self._check_units(expr)
        return found

    def _field(self, tree: Any) -> Field:
        if not isinstance(tree, exp.Alias):
            expr = self.expr(tree)
            return Field(expr, "", expr.at)
        expr = self.expr(tree.this)
        token = self.token(tree.args["alias"])
        before = self.before(token)
        if before.token_type is not TokenType.ALIAS:
            raise self._script.error(token.start, "a name for a field needs AS before it")
        if isinstance(expr, Star):
            raise self._script.error(token.start, "* can have no name")
        return Field(expr, self.name(tree.args["alias"]), expr.at)

    def _group(self, found: Statement, trees: Sequence[Any]) -> None:
        for tree in trees:
            expr = self.expr(tree)
            window = self._window(expr) if isinstance(expr, Call) else None
            if window is None:
                found.groups.append(expr)
            elif found.window is None:
                found.window = window
                self.forget_call()  # eKuiper gives windows no number
            else:
                raise self._script.error(window.at, "a statement has at most one window")

    def _window(self, call: Call) -> Window | None:
        name = call.name.lower()
        args = [arg.value if isinstance(arg, Literal) else arg for arg in call.args]
        if name in _WINDOWS:
            raise self._script.error(call.at, f"{call.name} is not supported here; {BEYOND}")
        if name == "countwindow":
            return Window(call.at, "count", self._count(call, args))
        if name != "tumblingwindow":
            return None
        unit = call.args[0] if call.args else None
        if len(args) != 2 or not isinstance(unit, TimeUnit) or not _is_count(args[1]):
            reason = (
                "a tumbling window is written TUMBLINGWINDOW(ss, 10); units: dd, hh, mi, ss, ms"
            )
            raise self._script.error(call.at, reason)
        return Window(call.at, "tumbling", int(str(args[1])), unit.unit)

    def _count(self, call: Call, args: Sequence[Any]) -> int:
        if len(args) == 2:
            reason = f"a COUNTWINDOW of two numbers is not supported here; {BEYOND}"
            raise self._script.error(call.at, reason)
        if len(args) != 1 or not _is_count(args[0]):
            reason = "a count window is written COUNTWINDOW(10), with a number of rows above 0"
            raise self._script.error(call.at, reason)
        return int(args[0])

    def _check_units(self, expr: Expr) -> None:
        for node in walk(expr):
            if isinstance(node, TimeUnit):
                reason = f"{node.unit} is a unit of time; a column of that name needs `backticks`"
                raise self._script.error(node.at, reason)
            if isinstance(node, Call) and node.name.lower() in _ALL_WINDOWS:
                raise self._script.error(node.at, "a window stands in GROUP BY only")

    def _stream(self, script: Script, tokens: Sequence[Token], tree: exp.Select) -> tuple[str, int]:
        source = tree.args.get("from_") or tree.args.get("from")
        if source is None:
            raise script.error(len(script.text.rstrip()), "expected FROM and a stream")
        place = next(each.start for each in tokens if each.token_type is TokenType.FROM)
        table = source.this
        leaves = Leaves(script, tokens)
        if isinstance(table, exp.Subquery):
            raise script.error(place, NO_QUERY)
        if tree.args.get("joins"):
            raise script.error(place, f"several streams are not supported here; {BEYOND}")
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            raise script.error(place, "expected the name of a stream after FROM")
        if table.args.get("alias"):
            place = leaves.place(table.args["alias"]) or place
            raise script.error(place, f"a name for a stream is not supported here; {BEYOND}")
        if table.args.get("db"):
            raise script.error(place, "the name of a stream has no dots")
        return leaves.name(table.this), leaves.token(table.this).start


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0
