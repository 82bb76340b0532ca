"""Operators, calls and CASE, read as eKuiper reads them.

BETWEEN, IN and LIKE take one operand there, not a sum. What would come to an error in each row is
refused.
"""

from collections.abc import Sequence
from typing import Any

from sqlglot import Token, exp

from .errors import Script
from .nodes import (
    Between,
    Binary,
    Call,
    Case,
    Expr,
    Field,
    Like,
    Literal,
    Meta,
    Paren,
    Star,
    ValueSet,
    When,
)
from .paths import Paths
from .patterns import like_pattern

__all__ = ["NO_QUERY", "Expressions"]

NO_QUERY = "eKuiper has no query inside a query; let one rule feed another, by a memory action"

_SAME_LEVEL = {exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.BitwiseAnd: "&"}
_OTHERS = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
    exp.And: "AND",
    exp.Or: "OR",
}
_COMPARISONS = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_NO_CONDITION = {"+", "-", "*", "/", "%", "&", "|", "^", "->", "[]"}
_RANGES = (exp.In, exp.Between, exp.Like, exp.Not)


class Expressions(Paths):
    """Turns sqlglot's expressions into ours; one for a statement, as it numbers the calls."""

    def __init__(self, script: Script, tokens: Sequence[Token], stream: str) -> None:
        super().__init__(script, tokens, stream)
        self._calls = 0

    def forget_call(self) -> None:
        """The call read last is none."""
        self._calls -= 1

    def _unit(self, tree: Any) -> Expr:
        if type(tree) in _SAME_LEVEL:
            return self._product(tree, _SAME_LEVEL[type(tree)])
        if type(tree) in _OTHERS:
            return self._binary(_OTHERS[type(tree)], tree)
        if type(tree) in _COMPARISONS:
            if isinstance(tree.expression, _RANGES):
                reason = "eKuiper reads this from the left; put the right side in parentheses"
                raise self._script.error(self.expr(tree.this).at, reason)
            return self._binary(_COMPARISONS[type(tree)], tree)
        if isinstance(tree, _RANGES):
            return self._range(tree)
        if isinstance(tree, exp.Paren):
            inner = self.expr(tree.this)
            return Paren(inner.at, inner)
        if isinstance(tree, exp.Anonymous):
            return self._call(tree)
        if isinstance(tree, exp.Case):
            return self._case(tree)
        if isinstance(tree, exp.Star):
            return self._star(tree)
        if isinstance(tree, (exp.Literal, exp.Neg)):
            return self._literal(tree)
        raise self._script.error(self.place(tree), self._unexpected(tree))

    def _product(self, tree: Any, op: str) -> Expr:
        left = self.expr(tree.this)
        right, steps = self._chain(tree.expression)
        return self._steps(Binary(left.at, op, left, right), steps)

    def _binary(self, op: str, tree: Any) -> Expr:
        left = self.expr(tree.this)
        return Binary(left.at, op, left, self.expr(tree.expression))

    def _range(self, tree: Any) -> Expr:
        negated = isinstance(tree, exp.Not) or bool(tree.args.get("negate"))
        inner = tree.this if isinstance(tree, exp.Not) else tree
        left = self.expr(inner.this)
        prefix = "NOT " if negated else ""
        if isinstance(inner, exp.In):
            return Binary(left.at, f"{prefix}IN", left, self._values(inner))
        if isinstance(inner, exp.Between):
            low, high = self._single(inner.args["low"]), self._single(inner.args["high"])
            return Binary(left.at, f"{prefix}BETWEEN", left, Between(low.at, low, high))
        if isinstance(inner, exp.Like):
            return Binary(left.at, f"{prefix}LIKE", left, self._like(inner.expression))
        raise self._script.error(left.at, "expected IN, BETWEEN or LIKE after NOT")

    def _values(self, tree: exp.In) -> Expr:
        if tree.args.get("field") is not None:
            field = tree.args["field"]
            return self._single(exp.Column(this=field) if _is_name(field) else field)
        if tree.args.get("query") is not None:
            raise self._script.error(self.place(tree.this), NO_QUERY)
        items = tuple(self.expr(each) for each in tree.expressions)
        if not items:
            raise self._script.error(self.place(tree.this), "IN needs at least one value")
        return ValueSet(items[0].at, items)

    def _like(self, tree: Any) -> Expr:
        inner = self._single(tree)
        constant = isinstance(inner, Literal) and isinstance(inner.value, str)
        if not constant or not isinstance(inner, Literal):
            return Like(inner.at, inner)
        try:
            return Like(inner.at, inner, like_pattern(str(inner.value)))
        except ValueError as error:
            raise self._script.error(inner.at, f"invalid LIKE pattern: {error}") from error

    def _single(self, tree: Any) -> Expr:
        """An operand of BETWEEN, IN or LIKE, which can be no sum, product or path."""
        found, steps = self._chain(tree)
        if steps or (isinstance(found, Binary) and found.op != "->"):
            reason = "eKuiper takes one value here, no expression; put it in parentheses"
            raise self._script.error(found.at, reason)
        return found

    def _call(self, tree: exp.Anonymous) -> Expr:
        token = self.token(tree)
        meta, self._meta = self._meta, token.text.lower() == "meta"
        args = tuple(self._argument(each) for each in tree.expressions)
        self._meta = meta
        self._calls += 1
        return Call(token.start, token.text, args, self._calls - 1, token.end + 1)

    def _argument(self, tree: Any) -> Expr:
        if isinstance(tree, exp.Star) and self._meta:
            return Meta(0, "*")
        if isinstance(tree, exp.Alias):
            place = self.token(tree.args["alias"]).start
            reason = (
                "an argument of a function has no name; a type is given as in cast(a, 'bigint')"
            )
            raise self._script.error(place, reason)
        return self.expr(tree)

    def _case(self, tree: exp.Case) -> Expr:
        value = None if tree.this is None else self.expr(tree.this)
        whens = []
        for each in tree.args["ifs"]:
            condition = self.expr(each.this)
            if value is None and not _is_condition(condition):
                reason = "WHEN needs a condition, such as a > 1; for a boolean write a = TRUE"
                raise self._script.error(condition.at, reason)
            whens.append(When(condition.at, condition, self.expr(each.args["true"])))
        default = tree.args.get("default")
        otherwise = None if default is None else self.expr(default)
        return Case(whens[0].at if value is None else value.at, value, tuple(whens), otherwise)

    def _star(self, tree: exp.Star) -> Expr:
        without = tree.args.get("except_") or tree.args.get("except") or []
        replace = []
        for each in tree.args.get("replace") or []:
            expr = self.expr(each.this)
            replace.append(Field(expr, self.name(each.args["alias"]), expr.at))
        names = tuple(
            self.name(each.this if isinstance(each, exp.Column) else each) for each in without
        )
        return Star(replace[0].at if replace else 0, names, tuple(replace))

    def _unexpected(self, tree: Any) -> str:
        if isinstance(tree, (exp.Select, exp.Subquery)):
            return NO_QUERY
        return f"eKuiper's SQL has no such expression: {self.written(tree)}"


def _is_name(tree: Any) -> bool:
    return isinstance(tree, exp.Identifier)


def _is_condition(expr: Expr) -> bool:
    """Whether eKuiper takes it for a condition: by its operator, not by its value."""
    if isinstance(expr, Binary):
        return expr.op not in _NO_CONDITION
    return isinstance(expr, Literal) and isinstance(expr.value, bool)
