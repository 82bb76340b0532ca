"""The functions that a statement may call: eKuiper's own, and the plugin's."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ....errors import CallError, HostError
from ..counters import FunctionCounters
from ..host import Host
from ..settings import Settings
from .builtins import BUILTINS, ELSEWHERE
from .errors import BEYOND, Script, StatementError, nearest
from .gotext import go_value
from .nodes import Call, Column, Expr, Star, Statement
from .shapes import shape

__all__ = ["Handle", "Library", "PluginCall", "Unasked", "resolve"]


_PARENTHESIS = re.compile(r"""\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[()]""")


class Handle(Protocol):
    """A plugin's function."""

    def is_aggregate(self) -> bool: ...

    def validate(self, args: Sequence[Any] = ()) -> None: ...

    @property
    def exec(self) -> Callable[..., Any]: ...


@dataclass(frozen=True)
class PluginCall:
    """A plugin's function at one place of a statement."""

    handle: Handle
    counters: FunctionCounters

    def run(self, args: Sequence[Any], *, rule: str, op: str, number: int) -> Any:
        """Call it. Raises `CallError`."""
        start = time.perf_counter()
        try:
            return self.handle.exec(*args, rule=rule, op=op, func_id=number)
        except CallError:
            self.counters.errors += 1
            raise
        finally:
            self.counters.latency.add(time.perf_counter() - start)


class Library:
    """Looks functions up; those of the plugin on `host` are started when first asked for."""

    def __init__(self, host: Host | None) -> None:
        self._host = host
        self.settings = host.settings if host is not None else Settings()

    @property
    def names(self) -> tuple[str, ...]:
        """The plugin's functions."""
        return self._host.manifest.functions if self._host is not None else ()

    def handle(self, name: str) -> Handle:
        """The plugin's function. Raises `HostError` if it cannot be started."""
        assert self._host is not None
        return self._host.function(name)


class Unasked(Library):
    """Knows the plugin's functions by their names only, before the plugin runs."""

    def handle(self, name: str) -> Handle:
        return _Silent()


class _Silent:
    """A function that is not asked: as far as anybody knows it is no aggregate, and takes all."""

    def is_aggregate(self) -> bool:
        return False

    def validate(self, args: Sequence[Any] = ()) -> None:
        pass

    @property
    def exec(self) -> Callable[..., Any]:
        raise NotImplementedError("nobody calls it before the plugin runs")


def resolve(
    statement: Statement, script: Script, library: Library
) -> tuple[dict[int, PluginCall], list[FunctionCounters]]:
    """Look up and validate every call of a statement, as eKuiper does when it parses it: first
    whether it is an aggregate, then its arguments, then `Validate`; all of it as often as eKuiper
    does. Returns the plugin's functions by the numbers of their calls, and their counters.

    Raises `StatementError` for a function that is not there or refuses its arguments.
    """
    resolver = _Resolver(statement, script, library)
    for _ in range(library.settings.validations):
        for expr in statement.expressions():
            resolver.visit(expr)
    for field in statement.fields:
        field.name = field.name or _name(field.expr)
    _number_unnamed(statement)
    return resolver.found, resolver.counters


class _Resolver:
    def __init__(self, statement: Statement, script: Script, library: Library) -> None:
        self._statement = statement
        self._script = script
        self._library = library
        self.found: dict[int, PluginCall] = {}
        self.counters: list[FunctionCounters] = []

    def visit(self, expr: Expr) -> None:
        if not isinstance(expr, Call):
            for child in expr.children():
                self.visit(child)
            return
        builtin = BUILTINS.get(expr.name.lower())
        if builtin is not None:
            expr.name, expr.kind = expr.name.lower(), builtin.kind
        else:
            expr.plugin = True
            expr.kind = "aggregate" if self._plugin(expr).handle.is_aggregate() else "scalar"
        for arg in expr.args:
            self.visit(arg)
        self._validate(expr)

    def _plugin(self, call: Call) -> PluginCall:
        if call.number not in self.found:
            if call.name not in self._library.names:
                raise self._missing(call)
            try:
                handle = self._library.handle(call.name)
            except HostError as error:
                raise self._script.error(call.at, self._words(f"{error}")) from error
            text = self._text(call)
            self.found[call.number] = PluginCall(handle, FunctionCounters(text))
            self.counters.append(self.found[call.number].counters)
        return self.found[call.number]

    def _missing(self, call: Call) -> StatementError:
        if call.name.lower() in ELSEWHERE:
            reason = f"the function {call.name.lower()} is not supported here; {BEYOND}"
            return self._script.error(call.at, reason)
        near = nearest(call.name, [*self._library.names, *BUILTINS], "")
        hint = near.partition("? ")[0] + "? " if near.startswith("did") else ""
        names = ", ".join(self._library.names) or "none"
        reason = f"function {call.name} not found; {hint}functions of the plugin: {names}"
        return self._script.error(call.at, reason)

    def _validate(self, call: Call) -> None:
        named = f"validate function {call.name} error: "
        if not call.plugin:
            try:
                BUILTINS[call.name].check(call.args)
            except ValueError as error:
                raise self._script.error(call.at, self._words(f"{named}{error}")) from error
            return
        indexes = self._library.settings.field_indexes
        shapes = [shape(arg, indexes=indexes) for arg in call.args]
        try:
            self.found[call.number].handle.validate(shapes)
        except CallError as error:
            refusal = error.reason
            if error.__cause__ is None:  # it answered
                answer = f"&{{State:false Result:{go_value(error.reason)}}}"
                refusal = f"validate return state is false, got {answer}"
            words = named + refusal if self._library.settings.names_validated else refusal
            raise self._script.error(call.at, self._words(words)) from error

    def _words(self, reason: str) -> str:
        return f"Parse SQL {self._statement.text} error: {reason}."

    def _text(self, call: Call) -> str:
        """The call as it is written, as far as its closing parenthesis."""
        text, depth = self._statement.text, 0
        for found in _PARENTHESIS.finditer(text, call.end):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if found[0] == ")" and depth == 0:
                return text[call.at : found.end()]
        return text[call.at :]


def _name(expr: Expr) -> str:
    if isinstance(expr, (Column, Call)):
        return expr.name
    return "*" if isinstance(expr, Star) else ""


def _number_unnamed(statement: Statement) -> None:
    number = 0
    for field in statement.fields:
        if not field.name and not field.alias:
            field.name = f"kuiper_field_{number}"
            number += 1
