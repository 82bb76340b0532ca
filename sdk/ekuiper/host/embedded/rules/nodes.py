"""What a statement is made of. Places (`at`) are offsets into its text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal as Choice

__all__ = [
    "ALIAS",
    "UNBOUND",
    "UNITS",
    "Between",
    "Binary",
    "Call",
    "Case",
    "Column",
    "Expr",
    "Field",
    "Index",
    "JsonField",
    "Kind",
    "Like",
    "Literal",
    "Meta",
    "Paren",
    "Slice",
    "Star",
    "Statement",
    "TimeUnit",
    "ValueSet",
    "When",
    "Window",
    "walk",
]

UNBOUND = "$$default"
"""The stream of a column that is bound to none, nor to an alias."""
ALIAS = "$$alias"
"""The stream of a column that is an alias."""

UNITS = {"DD": 86_400_000, "HH": 3_600_000, "MI": 60_000, "SS": 1000, "MS": 1}
"""The units of windows, in milliseconds."""

Kind = Choice["scalar", "aggregate"]


@dataclass(eq=False)
class Expr:
    """One node of an expression."""

    at: int

    def children(self) -> Iterator["Expr"]:
        """The nodes directly below, in the order of the text."""
        return iter(())


@dataclass(eq=False)
class Literal(Expr):
    value: bool | int | float | str


@dataclass(eq=False)
class TimeUnit(Expr):
    """`ss` and its like, as windows have them."""

    unit: str


@dataclass(eq=False)
class Column(Expr):
    """A column, or what has the name of one; `binding` finds out which."""

    name: str
    stream: str = UNBOUND
    alias: Expr | None = None
    """The expression of the alias, if it is one."""


@dataclass(eq=False)
class Meta(Expr):
    """A key of a row's metadata, within `meta()`."""

    name: str


@dataclass(eq=False)
class JsonField(Expr):
    """The name right of `->`."""

    name: str


@dataclass(eq=False)
class Star(Expr):
    """`*`, as a field or an argument."""

    without: tuple[str, ...] = ()
    replace: "tuple[Field, ...]" = ()

    def children(self) -> Iterator[Expr]:
        return (each.expr for each in self.replace)


@dataclass(eq=False)
class Paren(Expr):
    inner: Expr

    def children(self) -> Iterator[Expr]:
        return iter((self.inner,))


@dataclass(eq=False)
class Binary(Expr):
    """Two operands; `->` and `[]` are operators as well."""

    op: str
    left: Expr
    right: Expr

    def children(self) -> Iterator[Expr]:
        return iter((self.left, self.right))


@dataclass(eq=False)
class Index(Expr):
    """What stands in the brackets of `a[0]`."""

    inner: Expr

    def children(self) -> Iterator[Expr]:
        return iter((self.inner,))


@dataclass(eq=False)
class Slice(Expr):
    """What stands in the brackets of `a[0:2]`; None for an end that is left out."""

    start: Expr
    end: Expr | None

    def children(self) -> Iterator[Expr]:
        return iter((self.start,) if self.end is None else (self.start, self.end))


@dataclass(eq=False)
class Between(Expr):
    """The bounds of BETWEEN, its right operand."""

    low: Expr
    high: Expr

    def children(self) -> Iterator[Expr]:
        return iter((self.low, self.high))


@dataclass(eq=False)
class Like(Expr):
    """The pattern of LIKE, its right operand; `pattern` is set where it is a constant."""

    inner: Expr
    pattern: re.Pattern[str] | None = None

    def children(self) -> Iterator[Expr]:
        return iter((self.inner,))


@dataclass(eq=False)
class ValueSet(Expr):
    """The values of IN, its right operand."""

    items: tuple[Expr, ...]

    def children(self) -> Iterator[Expr]:
        return iter(self.items)


@dataclass(eq=False)
class When(Expr):
    condition: Expr
    result: Expr

    def children(self) -> Iterator[Expr]:
        return iter((self.condition, self.result))


@dataclass(eq=False)
class Case(Expr):
    value: Expr | None
    whens: tuple[When, ...]
    otherwise: Expr | None

    def children(self) -> Iterator[Expr]:
        if self.value is not None:
            yield self.value
        yield from self.whens
        if self.otherwise is not None:
            yield self.otherwise


@dataclass(eq=False)
class Call(Expr):
    """A call; `name` and `kind` are final once the function was looked up."""

    name: str
    args: tuple[Expr, ...]
    number: int
    """Counts the calls of a statement (`funcId`); a call within another comes before it."""
    end: int
    kind: Kind = "scalar"
    plugin: bool = False

    def children(self) -> Iterator[Expr]:
        return iter(self.args)


@dataclass(eq=False)
class Field:
    """One of the selected fields; `expr` is what is written, whatever aliases become."""

    expr: Expr
    alias: str = ""
    at: int = 0
    name: str = ""
    """What the column is called without an alias; set when functions were looked up."""


@dataclass(eq=False)
class Window(Expr):
    """`length` rows, or so many of a time unit."""

    kind: Choice["tumbling", "count"]
    length: int
    unit: str = ""


@dataclass(eq=False)
class Statement:
    """A whole SELECT."""

    text: str
    fields: list[Field]
    stream: str
    stream_at: int
    where: Expr | None = None
    groups: list[Expr] = field(default_factory=list)
    window: Window | None = None
    having: Expr | None = None

    def expressions(self) -> Iterator[Expr]:
        """All, in the order of the text."""
        yield from (each.expr for each in self.fields)
        if self.where is not None:
            yield self.where
        yield from self.groups
        if self.having is not None:
            yield self.having


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it, each before its own."""
    yield expr
    for child in expr.children():
        yield from walk(child)
