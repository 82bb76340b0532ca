"""What a function is called with: from --arg, from --rows, or as SYMBOL says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any

import click

from ...errors import CallError, ExpressionError
from ...host.embedded import FunctionHandle
from ...host.embedded.expressions import Argument, Column, Constant, FunctionCall
from ...protocol.messages import SourceError
from ..shared.rows import read_rows

__all__ = ["Calls", "read_all", "symbol_of"]

_MOST_ROWS = 100_000
_LONG = 20  # digits of a number
_WINDOW = 10  # rows an aggregate gets by default


def symbol_of(text: str) -> tuple[str, FunctionCall | None]:
    """SYMBOL, a name or a call such as `score(cpu, 3)`: the name, and the call. Raises
    `click.UsageError`."""
    if "(" not in text:
        return text, None
    try:
        call = FunctionCall.parse(text)
    except ExpressionError as error:
        raise click.UsageError(str(error)) from error
    return call.function, call


def read_all(path: str) -> list[dict[str, Any]]:
    """The rows of a file. Raises `click.UsageError` for one that is none, or a file without."""
    rows: list[dict[str, Any]] = []
    for row in read_rows(path):
        if isinstance(row, SourceError):
            raise click.UsageError(f"--rows {row.text}")
        rows.append(row)
        if len(rows) == _MOST_ROWS:
            break
    if not rows:
        raise click.UsageError(f"--rows {path}: there are no rows in it")
    return rows


@dataclass(frozen=True)
class Calls:
    """What the options say about the calls of function `name`."""

    name: str
    call: FunctionCall | None
    args: tuple[str, ...]
    rows: Sequence[dict[str, Any]] | None
    window: int | None

    def check(self) -> None:
        """Raise `click.UsageError` for options that do not go together."""
        if self.args and (self.call is not None or self.rows is not None):
            raise click.UsageError(
                "--arg gives the arguments themselves; it excludes --rows and SYMBOL(…)"
            )
        columns = [x.name for x in self._arguments() if isinstance(x, Column)]
        if self.rows is None and columns:
            raise click.UsageError(
                f"{columns[0]!r} is a column; give --rows FILE with JSON lines such as "
                f"{json.dumps(dict.fromkeys(columns, 1))}"
            )
        missing = [x for x in columns if not any(x in row for row in self.rows or ())]
        if missing:
            known = ", ".join((self.rows or [{}])[0])
            raise click.UsageError(f"no row of --rows has {missing[0]!r}; the first has {known}")

    def __call__(self, handle: FunctionHandle) -> list[list[Any]]:
        """The arguments of each call in turn, judged by the function itself as in a rule. Raises
        `click.UsageError` when it refuses them."""
        aggregate = handle.is_aggregate()
        if self.window is not None and not aggregate:
            raise click.UsageError(f"--window is for aggregates; {self.name} is none")
        arguments = self._arguments()
        rows = self.rows or [{}]
        try:
            handle.validate([argument.node() for argument in arguments])
        except CallError as error:
            raise click.UsageError(f"{self.name} refuses {self._given}: {error.reason}") from error
        given = self._windows(arguments) if aggregate else _each(arguments, rows)
        if not arguments:
            self._try(handle, given[0])
        return given

    def _try(self, handle: FunctionHandle, args: list[Any]) -> None:
        try:
            handle.exec(*args)
        except CallError as error:
            raise click.UsageError(
                f"{self.name} fails with {self._given}: {error.reason}"
            ) from error

    @property
    def _given(self) -> str:
        if self._arguments():
            return "these arguments"
        return (
            f"no arguments; give some, as in --arg 12.5 --arg text, or "
            f"'{self.name}(COLUMN)' --rows FILE"
        )

    def _arguments(self) -> Sequence[Argument]:
        if self.call is not None:
            return self.call.arguments
        if self.rows is not None:
            return [Column(name) for name in self.rows[0]]
        return [Constant(_value(text)) for text in self.args]

    def _windows(self, arguments: Sequence[Argument]) -> list[list[Any]]:
        """An aggregate gets a list per argument; a list in --arg is one already."""
        size = self.window or _WINDOW
        rows = list(self.rows or [{}] * size)
        whole = [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)] or [rows]
        return [[_column(argument, window) for argument in arguments] for window in whole]


def _each(arguments: Sequence[Argument], rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    return [[argument.of(row) for argument in arguments] for row in rows]


def _column(argument: Argument, window: Sequence[dict[str, Any]]) -> Any:
    if isinstance(argument, Constant) and isinstance(argument.value, list):
        return argument.value
    return [argument.of(row) for row in window]


def _value(text: str) -> Any:
    """JSON if it can be read as such, else text. Raises `click.UsageError` for numbers that eKuiper
    has not."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_fitting)
    except (ValueError, RecursionError):
        return text


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        shown = digits if len(digits) < _LONG else f"{digits[:_LONG]}…"
        raise click.UsageError(f"--arg {shown}: eKuiper has no number beyond 1.8e308; give less")
    return value


def _fitting(digits: str) -> int | float:
    """Whole of 64 bits, as in a statement; a longer one is a float, as in a row."""
    value = float(digits)
    if isinf(value):
        return _finite(digits)
    return int(digits) if -(2**63) <= int(digits) < 2**63 else value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
