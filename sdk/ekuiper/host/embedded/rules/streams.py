"""`CREATE STREAM`, as files in `streams/` have it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .errors import BEYOND, Script, StatementError, nearest
from .gotext import go_unquote

__all__ = ["ColumnType", "Stream", "read_streams"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      |(?P<name>[A-Za-z][A-Za-z0-9_]*)
      |`(?P<quoted>[^`\n]+)`
      |(?P<text>"(?:\\.|[^"\\\n])*")
      |(?P<mark>[(),=;])""",
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = {"BIGINT", "FLOAT", "STRING", "BYTEA", "DATETIME", "BOOLEAN"}
_MEANT = {
    "BOOL": "BOOLEAN",
    "DOUBLE": "FLOAT",
    "INT": "BIGINT",
    "INTEGER": "BIGINT",
    "REAL": "FLOAT",
    "TEXT": "STRING",
    "TIMESTAMP": "DATETIME",
    "VARCHAR": "STRING",
}
_TRUTHS = {"SHARED", "STRICT_VALIDATION", "TEMP"}
_OPTIONS = {
    "CONF_KEY",
    "DATASOURCE",
    "DELIMITER",
    "EXTRA",
    "FORMAT",
    "KEY",
    "KIND",
    "RETAIN_SIZE",
    "SCHEMAID",
    "SHARED",
    "STRICT_VALIDATION",
    "TEMP",
    "TIMESTAMP",
    "TIMESTAMP_FORMAT",
    "TYPE",
    "VERSION",
}
_BEYOND = {"KIND": "a lookup table", "SCHEMAID": "a schema file"}


@dataclass(frozen=True)
class ColumnType:
    """The type of a column; `items` of an array's elements, `columns` of a struct's."""

    name: str
    items: "ColumnType | None" = None
    columns: "Mapping[str, ColumnType]" = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """A stream; `columns` is None for one without a schema."""

    name: str
    columns: Mapping[str, ColumnType] | None
    options: Mapping[str, str]
    script: Script
    at: int
    places: Mapping[str, int]
    """Where the options' values stand."""

    @property
    def type(self) -> str:
        """The type of source that it comes from; mqtt where nothing is said."""
        return self.options.get("TYPE", "mqtt")

    @property
    def shared(self) -> bool:
        """Whether all rules have one source."""
        return self.options.get("SHARED", "").upper() == "TRUE"

    @property
    def strict(self) -> bool:
        """Whether rows must have the types of the schema."""
        return self.options.get("STRICT_VALIDATION", "").upper() == "TRUE"

    @property
    def extra(self) -> dict[str, Any]:
        """Settings of the source that stand in the statement."""
        found: dict[str, Any] = json.loads(self.options.get("EXTRA", "{}"))
        return found

    def error(self, option: str, reason: str) -> StatementError:
        """`reason`, at an option's value, or at the stream's name where it is not given."""
        return self.script.error(self.places.get(option, self.at), reason)


def read_streams(script: Script) -> list[Stream]:
    """The streams of a file, one statement each, with `;` between. Raises `StatementError`."""
    parser = _Parser(script)
    found = []
    while parser.more():
        found.append(parser.stream())
    return found


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Parser:
    """Reads one file from left to right."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tokens = list(_tokens(script))
        self._next = 0

    def more(self) -> bool:
        """Whether there is one more statement."""
        while self._peek().text == ";":
            self._next += 1
        return self._peek().kind != "end"

    def stream(self) -> Stream:
        """The next statement."""
        first = self._take()
        if first.text.upper() != "CREATE":
            raise self._expected("CREATE STREAM", first)
        what = self._take()
        if what.text.upper() == "TABLE":
            raise self._script.error(what.at, f"tables are not supported here; {BEYOND}")
        if what.text.upper() != "STREAM":
            raise self._expected("STREAM", what)
        name = self._name("the stream's name")
        columns = self._columns()
        self._keyword("WITH")
        options, places = self._options()
        end = self._take()
        if end.text != ";" and end.kind != "end":
            raise self._expected("the end of the statement, or ;", end)
        return Stream(name.text, columns or None, options, self._script, name.at, places)

    def _columns(self) -> dict[str, ColumnType]:
        self._mark("(")
        found: dict[str, ColumnType] = {}
        while self._peek().text != ")":
            name = self._name("the name of a column, or )")
            found[name.text] = self._type()
            if self._peek().text == ",":
                self._next += 1
            elif self._peek().text != ")":
                raise self._expected(", or )", self._peek())
        self._next += 1
        return found

    def _type(self) -> ColumnType:
        token = self._take()
        name = token.text.upper()
        if name in _SIMPLE:
            return ColumnType(name.lower())
        if name == "STRUCT":
            return ColumnType("struct", columns=self._columns())
        if name != "ARRAY":
            known = ", ".join([*sorted(_SIMPLE), "ARRAY, STRUCT"])
            meant = f"; write {_MEANT[name]}" if name in _MEANT else ""
            raise self._expected(f"a type ({known})", token, meant)
        self._mark("(")
        items = self._type()
        self._mark(")")
        return ColumnType("array", items)

    def _options(self) -> tuple[dict[str, str], dict[str, int]]:
        self._mark("(")
        options: dict[str, str] = {}
        places: dict[str, int] = {}
        while (token := self._take()).text != ")":
            if token.text == ",":
                continue
            name = token.text.upper()
            if token.kind != "name" or name not in _OPTIONS:
                hint = nearest(name, _OPTIONS, "options")
                raise self._script.error(token.at, f"no option {token.text!r}; {hint}")
            self._mark("=")
            value = self._take()
            options[name], places[name] = self._value(name, value), value.at
        return options, places

    def _value(self, name: str, token: _Token) -> str:
        truth = token.kind == "name" and token.text.upper() in ("TRUE", "FALSE")
        if token.kind != "text" and not truth:
            raise self._expected(f'a text in double quotes, as in {name}="…"', token)
        if name in _TRUTHS and token.text.upper() not in ("TRUE", "FALSE"):
            raise self._expected('"true" or "false"', token)
        if name in _BEYOND:
            raise self._script.error(token.at, f"{_BEYOND[name]} is not supported here; {BEYOND}")
        if name == "RETAIN_SIZE" and not token.text.isdecimal():
            raise self._expected("a number in double quotes", token)
        if name == "EXTRA" and not _is_object(token.text):
            raise self._expected("a JSON object in double quotes", token)
        return token.text

    def _name(self, what: str) -> _Token:
        token = self._take()
        if token.kind not in ("name", "quoted"):
            raise self._expected(what, token)
        return token

    def _keyword(self, word: str) -> None:
        token = self._take()
        if token.text.upper() != word:
            raise self._expected(word, token)

    def _mark(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            raise self._expected(mark, token)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _expected(self, what: str, token: _Token, instead: str = "") -> StatementError:
        found = "the statement ends" if token.kind == "end" else f"found {token.text!r}"
        return self._script.error(token.at, f"expected {what}; {found}{instead}")


def _tokens(script: Script) -> Iterator[_Token]:
    text, at = script.text, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            reason = "this quote is never closed" if text[at] in "\"'`" else "not expected here"
            if text[at] == "'":
                reason = "eKuiper takes double quotes here, not single ones"
            raise script.error(at, reason)
        kind = str(found.lastgroup)
        if kind != "space":
            yield _Token(kind, _READERS.get(kind, str)(found[kind]), at)
        at = found.end()
    yield _Token("end", "", len(text.rstrip()))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


_READERS: Mapping[str, Callable[[str], str]] = {"text": go_unquote}
