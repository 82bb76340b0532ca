"""What people are told of a symbol: in eKuiper manager, and in the docs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

__all__ = ["ARGUMENT_TYPES", "CONTROLS", "SETTING_TYPES", "Description", "Field", "Words"]

Words = Mapping[str, str]
"""A text by language, "en_US" or "zh_CN"."""

SETTING_TYPES = (
    "string", "int", "float", "bool", "object", "list_string", "list_int", "list_float",
    "list_object",
)  # fmt: skip
ARGUMENT_TYPES = (
    "any", "number", "string", "int", "float", "bool", "bytea", "datetime", "array", "object",
)  # fmt: skip
CONTROLS = ("text", "textarea", "select", "radio", "checkbox", "list", "field")


_Said = TypeVar("_Said", "Field", "Description")


@dataclass(frozen=True)
class Field:
    """A setting of a source or sink, an argument or the result of a function, or a DATASOURCE.

    What is empty or None is not said.
    """

    name: str = ""
    type: str = ""
    default: Any = None
    optional: bool | None = None
    control: str = ""
    values: tuple[Any, ...] = ()
    """What it may be, if that is a choice."""
    hint: Words = field(default_factory=dict)
    label: Words = field(default_factory=dict)

    def over(self, below: "Field") -> "Field":
        """This one, with what it does not say taken from another."""
        return _over(self, below)


@dataclass(frozen=True)
class Description:
    """One symbol, from whatever source; what is empty or None is not said."""

    hint: Words = field(default_factory=dict)
    label: Words = field(default_factory=dict)
    icon: str = ""
    example: str = ""
    fields: tuple[Field, ...] = ()
    """Settings, or arguments in their order."""
    returns: Field = field(default_factory=Field)
    datasource: Field = field(default_factory=Field)

    def over(self, below: "Description") -> "Description":
        """This one, with what it does not say taken from another, field by field."""
        return replace(
            _over(self, below),
            fields=_fields_over(self.fields, below.fields),
            returns=self.returns.over(below.returns),
            datasource=self.datasource.over(below.datasource),
        )


def _over(above: _Said, below: _Said) -> _Said:
    values = ((each.name, getattr(above, each.name)) for each in fields(above))
    said = {name: value for name, value in values if value or value in _MEANT}
    return replace(below, **said)


_MEANT = (0, False)  # what counts although it is not true


def _fields_over(above: Iterable[Field], below: Iterable[Field]) -> tuple[Field, ...]:
    names = {each.name: each for each in below}
    for each in above:
        names[each.name] = each.over(names.get(each.name, Field()))
    return tuple(names.values())
