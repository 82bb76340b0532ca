"""Names, literals, and the `->` and `[]` behind them, read as eKuiper reads them.

eKuiper has `->`, `.` and `[]` at the level of `*` and reads from left to right: `a * b -> c` is
`(a * b) -> c` there. So a value and what follows it are kept apart until it is known what stands
before them.
"""

from collections.abc import Sequence
from typing import Any

from sqlglot import Token, TokenType, exp

from .errors import Script
from .gotext import go_unquote
from .leaves import Leaves
from .nodes import UNITS, Binary, Column, Expr, Index, JsonField, Literal, Meta, Slice, TimeUnit

__all__ = ["Paths"]

_LONGEST = 2**63 - 1

Step = tuple[str, Any, int]
"""What follows a value: ("->", name, place) or ("[]", sqlglot's nodes, place)."""


class Paths(Leaves):
    """Reads what is no operator; `_unit` reads all else."""

    def __init__(self, script: Script, tokens: Sequence[Token], stream: str) -> None:
        super().__init__(script, tokens)
        self._stream_name = stream
        self._meta = False

    def expr(self, tree: Any) -> Expr:
        """The expression, everything below included."""
        start, steps = self._chain(tree)
        return self._steps(start, steps)

    def _unit(self, tree: Any) -> Expr:
        raise NotImplementedError

    def _chain(self, tree: Any) -> tuple[Expr, list[Step]]:
        """A value as eKuiper reads it in one go, and the `->` and `[]` that follow."""
        if isinstance(tree, exp.Bracket):
            start, steps = self._chain(tree.this)
            return start, [*steps, ("[]", tree.expressions, start.at)]
        if isinstance(tree, exp.Dot):
            start, steps = self._chain(tree.this)
            if not isinstance(tree.expression, exp.Identifier):
                raise self._script.error(start.at, "expected a name after the dot or arrow")
            place = self.token(tree.expression).start
            return start, [*steps, ("->", self.name(tree.expression), place)]
        if isinstance(tree, exp.Column):
            return self._column(tree)
        return self._unit(tree), []

    def _steps(self, start: Expr, steps: Sequence[Step]) -> Expr:
        for kind, what, at in steps:
            right = JsonField(at, what) if kind == "->" else self._bracket(what, at)
            start = Binary(start.at, kind, start, right)
        return start

    def _column(self, tree: exp.Column) -> tuple[Expr, list[Step]]:
        parts = [tree.args.get(part) for part in ("catalog", "db", "table", "this")]
        names = [part for part in parts if part is not None]
        if isinstance(names[-1], exp.Star):
            return self._stream_star(names)
        tokens = [self.token(name) for name in names]
        first, rest = tokens[0], tokens[1:]
        if first.token_type in (TokenType.TRUE, TokenType.FALSE) and not rest:
            return Literal(first.start, first.token_type is TokenType.TRUE), []
        if first.token_type is TokenType.VAR and first.text.upper() in UNITS and not rest:
            return TimeUnit(first.start, first.text.lower()), []
        steps: list[Step] = [
            ("->", self.name(name), token.start) for name, token in zip(names, tokens, strict=True)
        ][1:]
        dotted = bool(rest) and self._dot_before(rest[0])
        if dotted and first.text == self._stream_name:
            return self._named(rest[0], self._stream_name), steps[1:]
        found = self._named(first)
        return (self._steps(found, steps[:1]), steps[1:]) if dotted else (found, steps)

    def _stream_star(self, names: Sequence[Any]) -> tuple[Expr, list[Step]]:
        token = self.token(names[0])
        if len(names) != 2 or token.text != self._stream_name:
            raise self._script.error(token.start, f"there is no stream {token.text!r} here")
        return Column(token.start, "*", self._stream_name), []

    def _dot_before(self, token: Token) -> bool:
        return self.before(token).token_type is TokenType.DOT

    def _named(self, token: Token, stream: str = "") -> Expr:
        if self._meta:
            return Meta(token.start, token.text)
        return (
            Column(token.start, token.text, stream) if stream else Column(token.start, token.text)
        )

    def _bracket(self, trees: Sequence[Any], at: int) -> Expr:
        if len(trees) != 1:
            raise self._script.error(at, "brackets hold one index, or two with a colon")
        tree = trees[0]
        if isinstance(tree, exp.Placeholder):  # how older versions of sqlglot read [:2]
            return Slice(at, Literal(at, 0), self.expr(self._leaf(tree)))
        if not isinstance(tree, exp.Slice):
            inner = self.expr(tree)
            return Index(inner.at, inner)
        start, end = tree.args.get("this"), tree.args.get("expression")
        first = Literal(at, 0) if start is None else self.expr(start)
        last = None if end is None else self.expr(end)
        if _backwards(first, last):
            raise self._script.error(first.at, "the start of a slice must be before its end")
        return Slice(first.at, first, last)

    def _leaf(self, tree: Any) -> Any:
        token = self.token(tree)
        if token.token_type in (TokenType.NUMBER, TokenType.STRING):
            return exp.Literal(this=tree.this, is_string=token.token_type is TokenType.STRING)
        return exp.Column(this=exp.Identifier(this=tree.this))

    def _literal(self, tree: Any) -> Expr:
        inner = tree.this if isinstance(tree, exp.Neg) else tree
        if not isinstance(inner, exp.Literal):
            reason = "eKuiper has no minus before an expression; write 0 - a"
            raise self._script.error(self.place(inner), reason)
        token = self.token(inner)
        written = self._script.text[token.start : token.end + 1]
        if token.token_type is TokenType.STRING:
            if inner is not tree:
                raise self._script.error(token.start, "a text has no sign")
            return Literal(token.start, go_unquote(written))
        value = float(written) if "." in written else min(int(written), _LONGEST)
        return Literal(token.start, value if inner is tree else -value)


def _backwards(start: Expr, end: Expr | None) -> bool:
    """Whether a slice of two constants is empty."""
    if not isinstance(start, Literal) or not isinstance(end, Literal):
        return False
    if type(start.value) is not int or type(end.value) is not int:
        return False
    return start.value >= 0 and end.value >= 0 and start.value >= end.value
