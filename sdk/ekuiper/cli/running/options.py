"""Options of `ekuiper run` whose order matters, and values with a form of their own."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from ...errors import ExpressionError
from ...host.embedded.expressions import FunctionCall

__all__ = ["Ordered", "Wanted", "call", "given_in_order", "rows_file", "wanted"]

_ORDER = "ekuiper.cli.order"


def call(text: str) -> FunctionCall:
    """A call such as `score(cpu) as s`; the type of an option."""
    try:
        return FunctionCall.parse(text)
    except ExpressionError as error:
        raise click.BadParameter(str(error)) from error


def rows_file(text: str) -> str:
    """A file, `-`, or `STREAM=FILE`; the type of an option."""
    name, equals, path = text.partition("=")
    if text == "-" or os.path.isfile(text) or (equals and path == "-"):
        return text
    if not (equals and name and os.path.isfile(path)):
        raise click.BadParameter(f"file {(path or text)!r} does not exist")
    return text


class Ordered(click.Command):
    """A command that remembers in which order its options were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # click keeps the order of values per option only; its parser knows it across options.
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


def given_in_order(ctx: click.Context, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The values of the repeatable options `names`, as (name, value), in the order given."""
    values = {name: iter(ctx.params[name]) for name in names}
    for name in ctx.meta[_ORDER]:
        if name in values:
            yield name, next(values[name])


@dataclass
class Wanted:
    """One pipeline as the options describe it."""

    source: str | None = None
    rows: str | None = None
    functions: list[FunctionCall] = field(default_factory=list)
    window: int | None = None
    sinks: list[str] = field(default_factory=list)

    @property
    def has_input(self) -> bool:
        return self.source is not None or self.rows is not None

    @property
    def title(self) -> str:
        """`machine → score → sqlite, table`."""
        start = self.source or ("stdin" if self.rows == "-" else self.rows) or ""
        steps = [start, *(call.function for call in self.functions)]
        return " → ".join([*steps, ", ".join(self.sinks)] if self.sinks else steps)


def wanted(given: Iterable[tuple[str, Any]]) -> list[Wanted]:
    """The pipelines that options describe: each `--source` or `--rows` begins one, and what else
    is given belongs to the one begun last, or to the first if none has begun."""
    pipelines = [Wanted()]
    for name, value in given:
        if name in ("source", "rows") and pipelines[-1].has_input:
            pipelines.append(Wanted())
        _add(pipelines[-1], name, value)
    return pipelines


def _add(pipeline: Wanted, name: str, value: Any) -> None:
    if name == "function":
        pipeline.functions.append(value)
    elif name == "sink":
        pipeline.sinks.append(value)
    elif name == "window" and pipeline.window is not None:
        raise click.UsageError("--window is given twice for one pipeline")
    else:
        setattr(pipeline, name, value)
