"""Function calls as an SQL select list writes them: `score(cpu, 3) as s`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isinf
from typing import Any, NoReturn

from ...errors import ExpressionError

__all__ = ["Argument", "Column", "Constant", "Everything", "FunctionCall"]

_NAME = re.compile(r"[^\W\d]\w*|`[^`]+`")
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_AS = re.compile(r"as\b", re.IGNORECASE)
_SPACE = re.compile(r"\s*")
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Column:
    """The value of a column; None where a row has none."""

    name: str

    def of(self, row: Mapping[str, Any]) -> Any:
        return row.get(self.name)

    def node(self) -> dict[str, Any]:
        """The syntax-tree node that `validate` is given."""
        return {"StreamName": "$$default", "Name": self.name}


@dataclass(frozen=True)
class Constant:
    """The same value for every row."""

    value: Any

    def of(self, row: Mapping[str, Any]) -> Any:
        return self.value

    def node(self) -> dict[str, Any]:
        return {"Val": self.value}


@dataclass(frozen=True)
class Everything:
    """`*`: the row itself, as an object."""

    def of(self, row: Mapping[str, Any]) -> Any:
        return dict(row)

    def node(self) -> dict[str, Any]:
        return {"StreamName": "$$default", "Name": "*"}


Argument = Column | Constant | Everything


@dataclass(frozen=True)
class FunctionCall:
    """A function, what it is called with, and the column that takes its result."""

    function: str
    arguments: tuple[Argument, ...]
    column: str
    text: str

    @classmethod
    def parse(cls, text: str) -> "FunctionCall":
        """Read `name(argument, ...) [as column]`; without `as` the column is called like the
        function.

        An argument is a column, a JSON value, 'text in single quotes', or `*`, the whole row.
        Names that are not plain words stand in backticks. Raises `ExpressionError`.
        """
        return _Parser(text).call()


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def call(self) -> FunctionCall:
        function = self._name("the name of a function")
        if not self._take("("):
            self._fail(f"expected ( after {function}, as in {function}(column)")
        arguments = self._arguments()
        column = function
        if self._take_as():
            column = self._name("a name for the column after as")
        self._skip()
        if self._at < len(self._text):
            self._fail("expected the end, or: as column")
        return FunctionCall(function, arguments, column, self._text.strip())

    def _arguments(self) -> tuple[Argument, ...]:
        found: list[Argument] = []
        if self._take(")"):
            return ()
        while True:
            found.append(self._argument())
            if self._take(")"):
                return tuple(found)
            if not self._take(","):
                self._fail("expected , or )")

    def _argument(self) -> Argument:
        if self._take("*"):
            return Everything()
        start = self._at
        if (quoted := _SINGLE_QUOTED.match(self._text, start)) is not None:
            self._at = quoted.end()
            return Constant(re.sub(r"\\(.)", r"\1", quoted[1]))
        if (name := _NAME.match(self._text, start)) is None:
            return Constant(self._json())
        self._at = name.end()
        if name[0].lower() in _WORDS:
            return Constant(_WORDS[name[0].lower()])
        self._skip()
        if self._text.startswith("(", self._at):
            self._fail("calls inside calls are not possible here; use two functions and a column")
        return Column(name[0].strip("`"))

    def _json(self) -> Any:
        try:
            value, end = _JSON.raw_decode(self._text, self._at)
        except OverflowError:
            self._fail("this number is beyond those that eKuiper has")
        except (ValueError, RecursionError):
            expected = "expected a column, a JSON value, 'text' or *"
            if self._text[self._at : self._at + 1] in ("'", '"'):
                expected = "this quote is never closed"
            self._fail(expected)
        self._at = end
        return value

    def _name(self, what: str) -> str:
        self._skip()
        name = _NAME.match(self._text, self._at)
        if name is None:
            self._fail(f"expected {what}")
        self._at = name.end()
        return name[0].strip("`")

    def _take_as(self) -> bool:
        self._skip()
        word = _AS.match(self._text, self._at)
        if word is not None:
            self._at = word.end()
        return word is not None

    def _take(self, mark: str) -> bool:
        self._skip()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        self._skip()
        return True

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        if space is not None:
            self._at = space.end()

    def _fail(self, reason: str) -> NoReturn:
        raise ExpressionError(self._text, self._at, reason)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise OverflowError(digits)
    return value


_JSON = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
