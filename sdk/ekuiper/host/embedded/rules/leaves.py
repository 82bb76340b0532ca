"""The leaves of sqlglot's tree: which token each is, and the name it means."""

from collections.abc import Sequence
from typing import Any

from sqlglot import Token, TokenType, exp

from .dialect import leaf_number
from .errors import Script
from .nodes import UNITS

__all__ = ["Leaves"]


class Leaves:
    """Looks leaves up in the tokens of one statement."""

    def __init__(self, script: Script, tokens: Sequence[Token]) -> None:
        self._script = script
        self._tokens = tokens

    def token(self, tree: Any) -> Token:
        """The token that a leaf is. Raises `StatementError` for a word of SQL."""
        number = leaf_number(tree.this if isinstance(tree, exp.Expression) else tree)
        if number is not None:
            return self._tokens[number]
        word = str(getattr(tree, "this", tree))
        place = next((each.start for each in self._tokens if each.text.lower() == word.lower()), 0)
        reason = f"{word} is a word of SQL; as a name it needs `{word}`"
        raise self._script.error(place, reason)

    def name(self, tree: Any) -> str:
        """The name that a leaf is. Raises `StatementError` where it is none."""
        token = self.token(tree)
        if token.token_type not in (TokenType.VAR, TokenType.IDENTIFIER):
            raise self._script.error(token.start, f"{token.text!r} is no name")
        if token.token_type is TokenType.VAR and token.text.upper() in UNITS:
            reason = f"{token.text} is a unit of time; as a name it needs `{token.text}`"
            raise self._script.error(token.start, reason)
        return str(token.text)

    def before(self, token: Token) -> Token:
        """The token before this one."""
        return self._tokens[self._tokens.index(token) - 1]

    def place(self, tree: Any) -> int:
        """Where the first leaf of a tree stands."""
        found = self._numbers(tree)
        return int(self._tokens[min(found)].start) if found else 0

    def written(self, tree: Any) -> str:
        """A tree in the words of the statement, from its first leaf to its last."""
        found = self._numbers(tree)
        if not found:
            return self._script.text
        return self._script.text[self._tokens[min(found)].start : self._tokens[max(found)].end + 1]

    def _numbers(self, tree: Any) -> list[int]:
        numbers = (leaf_number(leaf.this) for leaf in tree.find_all(exp.Expression))
        return [number for number in numbers if number is not None]
