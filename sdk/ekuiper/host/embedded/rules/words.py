"""What the tokens of a statement alone tell: words and marks that eKuiper's SQL has not, or that
this host does not support."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from sqlglot import Token, TokenType

from .errors import BEYOND, Script
from .gotext import go_unquote

__all__ = ["check"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_HALVES = {"GROUP", "BY", "ORDER", "PARTITION"}  # of words that sqlglot knows as one

_REFUSED = {
    TokenType.JOIN: "JOIN",
    TokenType.ORDER_BY: "ORDER BY",
    TokenType.LIMIT: "LIMIT",
    TokenType.OVER: "OVER",
    TokenType.FILTER: "FILTER",
    TokenType.PARTITION_BY: "PARTITION BY",
}
_UNKNOWN = {
    TokenType.IS: "eKuiper has no IS; write isnull(column)",
    TokenType.UNION: "eKuiper has no UNION; let two rules have the same action",
    TokenType.WITH: "eKuiper has no WITH; let one rule feed another, by a memory action",
    TokenType.DISTINCT: "eKuiper has no DISTINCT",
}
_INFIX = {TokenType.IN, TokenType.BETWEEN, TokenType.LIKE}
_MARKS = {
    TokenType.PLUS,
    TokenType.DASH,
    TokenType.STAR,
    TokenType.SLASH,
    TokenType.MOD,
    TokenType.AMP,
    TokenType.PIPE,
    TokenType.CARET,
    TokenType.EQ,
    TokenType.NEQ,
    TokenType.LT,
    TokenType.LTE,
    TokenType.GT,
    TokenType.GTE,
    TokenType.L_PAREN,
    TokenType.R_PAREN,
    TokenType.L_BRACKET,
    TokenType.R_BRACKET,
    TokenType.COMMA,
    TokenType.DOT,
    TokenType.ARROW,
    TokenType.COLON,
    TokenType.SEMICOLON,
}
_PAIRS = {
    (TokenType.DASH, TokenType.DASH): "two minus signs begin a comment, even with a blank between "
    "them; write a + 1 for a - -1",
    (TokenType.LT, TokenType.GT): "eKuiper has no <>; write !=",
    (TokenType.LT, TokenType.LT): "eKuiper has no <<; multiply, as in a * 4",
    (TokenType.GT, TokenType.GT): "eKuiper has no >>; divide, as in a / 4",
    (TokenType.PIPE, TokenType.PIPE): "eKuiper has no ||; write concat(a, b)",
    (TokenType.AMP, TokenType.AMP): "eKuiper has no &&; write AND",
    (TokenType.EQ, TokenType.EQ): "eKuiper has no ==; write =",
    (TokenType.L_BRACKET, TokenType.R_BRACKET): "an index is missing; the whole array is [:]",
    (TokenType.COMMA, TokenType.FROM): "a field is missing between the comma and FROM",
}


def check(script: Script, tokens: Sequence[Token]) -> None:
    """Raise `StatementError` for the first token that cannot stand."""
    for token, after in zip_longest(tokens, tokens[1:]):
        kind = token.token_type
        reason = None
        if kind in (TokenType.VAR, TokenType.NUMBER, TokenType.STRING):
            reason = _leaf(token, script)
        elif kind in _REFUSED:
            reason = f"{_REFUSED[kind]} is not supported here; {BEYOND}"
        elif kind in _UNKNOWN:
            reason = _UNKNOWN[kind]
        elif kind is TokenType.NOT and (after is None or after.token_type not in _INFIX):
            reason = "eKuiper has no NOT before a condition; write (condition) = FALSE"
        elif kind not in _MARKS and not _NAME.match(token.text):
            reason = f"{token.text!r} is not expected here"
        if reason is None and after is not None:
            reason = _PAIRS.get((kind, after.token_type))
        if reason is not None:
            raise script.error(token.start, reason)


def _leaf(token: Token, script: Script) -> str | None:
    written = script.text[token.start : token.end + 1]
    if token.token_type is TokenType.NUMBER:
        known = _NUMBER.fullmatch(written)
        return None if known else f"{written} is no number that eKuiper knows; write 1500 or 1.5"
    if token.token_type is TokenType.STRING:
        try:
            go_unquote(written)
        except ValueError as error:
            return str(error)
        return None
    if written.upper() in _HALVES:
        return f"{written} alone is not expected here; a column of that name needs `{written}`"
    if written.upper() == "INVISIBLE":
        return f"INVISIBLE is not supported here; {BEYOND}"
    if not _NAME.fullmatch(written):
        return f"{written} is no name; names begin with a letter, others stand in `backticks`"
    return None
