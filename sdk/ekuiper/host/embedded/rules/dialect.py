"""eKuiper's SQL for sqlglot: its words, its quotes, and how tightly its operators bind.

What tells one leaf of a statement from another (names, numbers, strings) is hidden from sqlglot:
each gets the number of its token as its text. So sqlglot, which knows the functions and types of
dozens of databases, sees none of them, and every leaf of its tree leads back to a place in the
text. Operators that eKuiper has at one level stand at one level here; what remains different is
put right by `reading`.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from sqlglot import Token, TokenType, exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, TokenError

from .errors import Script

__all__ = ["LEAVES", "leaf_number", "parse", "tokenize"]

LEAVES = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER}
"""The tokens that are no operator and no word of SQL."""

_LEAF = "leaf"
_CLAUSES = (
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "BETWEEN",
    "LIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
)

_WORDS = {
    "AND": TokenType.AND,
    "AS": TokenType.ALIAS,
    "ASC": TokenType.ASC,
    "BETWEEN": TokenType.BETWEEN,
    "CASE": TokenType.CASE,
    "CROSS": TokenType.CROSS,
    "DESC": TokenType.DESC,
    "DISTINCT": TokenType.DISTINCT,
    "ELSE": TokenType.ELSE,
    "END": TokenType.END,
    "EXCEPT": TokenType.EXCEPT,
    "FALSE": TokenType.FALSE,
    "FILTER": TokenType.FILTER,
    "FROM": TokenType.FROM,
    "FULL": TokenType.FULL,
    "GROUP BY": TokenType.GROUP_BY,
    "HAVING": TokenType.HAVING,
    "IN": TokenType.IN,
    "INNER": TokenType.INNER,
    "IS": TokenType.IS,
    "JOIN": TokenType.JOIN,
    "LEFT": TokenType.LEFT,
    "LIKE": TokenType.LIKE,
    "LIMIT": TokenType.LIMIT,
    "NOT": TokenType.NOT,
    "ON": TokenType.ON,
    "OR": TokenType.OR,
    "ORDER BY": TokenType.ORDER_BY,
    "OVER": TokenType.OVER,
    "PARTITION BY": TokenType.PARTITION_BY,
    "REPLACE": TokenType.REPLACE,
    "RIGHT": TokenType.RIGHT,
    "SELECT": TokenType.SELECT,
    "THEN": TokenType.THEN,
    "TRUE": TokenType.TRUE,
    "UNION": TokenType.UNION,
    "WHEN": TokenType.WHEN,
    "WHERE": TokenType.WHERE,
    "WITH": TokenType.WITH,
    "!=": TokenType.NEQ,
    "<=": TokenType.LTE,
    ">=": TokenType.GTE,
    "->": TokenType.ARROW,
}


class _EKuiper(Dialect):
    class Tokenizer(tokens.Tokenizer):
        QUOTES: ClassVar[Any] = ['"', "'"]
        IDENTIFIERS: ClassVar[Any] = ["`"]
        STRING_ESCAPES: ClassVar[Any] = ["\\"]
        COMMENTS: ClassVar[Any] = ["--", ("/*", "*/")]
        KEYWORDS: ClassVar[Any] = _WORDS
        VAR_SINGLE_TOKENS: ClassVar[Any] = set()

    class Parser(parser.Parser):
        FUNCTIONS: ClassVar[Any] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {}
        NO_PAREN_FUNCTIONS: ClassVar[Any] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[Any] = {
            "CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        EQUALITY: ClassVar[Any] = {}
        COMPARISON: ClassVar[Any] = {**parser.Parser.EQUALITY, **parser.Parser.COMPARISON}
        BITWISE: ClassVar[Any] = {}
        TERM: ClassVar[Any] = {
            TokenType.PLUS: exp.Add,
            TokenType.DASH: exp.Sub,
            TokenType.PIPE: exp.BitwiseOr,
            TokenType.CARET: exp.BitwiseXor,
        }
        FACTOR: ClassVar[Any] = {
            TokenType.STAR: exp.Mul,
            TokenType.SLASH: exp.Div,
            TokenType.MOD: exp.Mod,
            TokenType.AMP: exp.BitwiseAnd,
        }


def tokenize(script: Script) -> list[Token]:
    """The tokens of a statement. Raises `StatementError` for a quote or comment without end."""
    text = script.text
    try:
        return _joined(_EKuiper().tokenize(text))
    except TokenError as error:
        raise script.error(_unclosed(text), "this is never closed") from error


def parse(script: Script, found: list[Token]) -> Any:
    """sqlglot's tree of a statement. Raises `StatementError` for what is no SQL."""
    rewritten = _joined(_EKuiper().tokenize(script.text))
    for number, token in enumerate(rewritten):
        if token.token_type in LEAVES:
            token.text = f"{_LEAF}{number}"
        elif token.token_type in (TokenType.TRUE, TokenType.FALSE):
            token.text, token.token_type = f"{_LEAF}{number}", TokenType.VAR
        elif token.token_type == TokenType.ARROW:
            token.token_type = TokenType.DOT
    reader = _EKuiper.Parser(
        error_level=ErrorLevel.IMMEDIATE,
        error_message_context=len(script.text) + 1,
        dialect=_EKuiper(),
    )
    try:
        trees = reader.parse(rewritten, script.text)
    except ParseError as error:
        at = len(error.errors[0]["start_context"] or "") if error.errors else len(script.text)
        word = next((token for token in found if token.start >= at), found[-1])
        if word is found[-1] and word.token_type not in (*LEAVES, TokenType.R_PAREN):
            raise script.error(word.end + 1, f"something is missing after {word.text}") from error
        for near in (word, *found[max(0, found.index(word) - 1) : found.index(word)]):
            if near.token_type is TokenType.VAR and (meant := _meant(near.text)):
                reason = f"{near.text!r} is not expected here; did you mean {meant}?"
                raise script.error(near.start, reason) from error
        raise script.error(at, _told(error, word)) from error
    return trees[0] if len(trees) == 1 else None


def leaf_number(text: Any) -> int | None:
    """Which token a leaf is; None for a word of SQL that sqlglot took for a name."""
    if not isinstance(text, str) or not text.startswith(_LEAF):
        return None
    digits = text[len(_LEAF) :]
    return int(digits) if digits.isdecimal() else None


def _meant(word: str) -> str:
    """The word of SQL that one may be with a slip of the finger, or ""."""
    return next(iter(get_close_matches(word.upper(), _CLAUSES, 1, 0.7)), "")


def _told(error: ParseError, word: Token) -> str:
    description = str(error.errors[0].get("description") or "") if error.errors else str(error)
    if description.startswith("Expecting "):
        return f"expected {description.removeprefix('Expecting ')} here"
    return f"{word.text!r} is not expected here"


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, `.` and `5` of `.5` as one."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if last is not None and _is_fraction(found[:-1], last, token):
            token.start, token.text = last.start, f".{token.text}"
            found.pop()
        found.append(token)
    return found


def _is_fraction(before: Sequence[Token], dot: Token, digits: Token) -> bool:
    joined = dot.token_type is TokenType.DOT and dot.end + 1 == digits.start
    if not joined or digits.token_type is not TokenType.NUMBER:
        return False
    value = {*LEAVES, TokenType.R_PAREN, TokenType.R_BRACKET}
    return not before or before[-1].token_type not in value


def _unclosed(text: str) -> int:
    """Where the quote or comment begins that has no end."""
    at, start, end = 0, -1, ""
    while at < len(text):
        if not end:
            end = {"'": "'", '"': '"', "`": "`"}.get(text[at], "")
            end = end or {"/*": "*/", "--": "\n"}.get(text[at : at + 2], "")
            start = at
        elif text[at] == "\\" and end in "'\"":
            at += 1
        elif text.startswith(end, at):
            end = ""
        at += 1
    return start
