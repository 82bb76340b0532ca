"""`[tool.ekuiper]` of a `pyproject.toml`, as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .description import ARGUMENT_TYPES, CONTROLS, SETTING_TYPES, Description, Field, Words
from .toml import Fields

__all__ = ["About", "Table", "read_table"]

_FIELD = ("type", "default", "optional", "control", "values", "hint", "label")
_SYMBOL = ("hint", "label", "icon")
_TOP = ("name", "script", "include", "exclude", "about", "sources", "sinks", "functions")
_KEYS = {
    "sources": (*_SYMBOL, "datasource", "settings"),
    "sinks": (*_SYMBOL, "settings"),
    "functions": (*_SYMBOL, "example", "returns", "args"),
}


@dataclass(frozen=True)
class About:
    """Who is behind a plugin."""

    author: str = ""
    email: str = ""
    company: str = ""
    website: str = ""
    help: Words = field(default_factory=dict)
    """Where help is, by language."""


@dataclass(frozen=True)
class Table:
    """What an author says about a plugin beside its code; all of it may be left out."""

    name: str = ""
    """The plugin's name; else that of `[project]`."""
    script: str = ""
    """The plugin file, relative to the folder; else `<name>.py`."""
    include: tuple[str, ...] = ()
    """Lines as in a `.gitignore`, of files that are packed whatever else is said of them."""
    exclude: tuple[str, ...] = ()
    """Of files that are not packed."""
    about: About = field(default_factory=About)
    sources: Mapping[str, Description] = field(default_factory=dict)
    sinks: Mapping[str, Description] = field(default_factory=dict)
    functions: Mapping[str, Description] = field(default_factory=dict)


def read_table(path: Path, values: Mapping[str, Any]) -> Table:
    """`values` of the table `[tool.ekuiper]` in the file at `path`.

    Raises `ManifestError` for a key that means nothing, and for a value of another type.
    """
    fields = Fields(path, "tool.ekuiper", values, _TOP)
    return Table(
        name=fields.text("name"),
        script=fields.text("script"),
        include=fields.texts("include"),
        exclude=fields.texts("exclude"),
        about=_about(fields.inner("about", ("author", "email", "company", "website", "help"))),
        **{kind: _symbols(fields.inner(kind, None), kind) for kind in _KEYS},
    )


def _about(fields: Fields) -> About:
    names = ("author", "email", "company", "website")
    return About(**{name: fields.text(name) for name in names}, help=fields.words("help"))


def _symbols(fields: Fields, kind: str) -> Mapping[str, Description]:
    return {name: _symbol(fields.inner(name, _KEYS[kind]), kind) for name in fields}


def _symbol(fields: Fields, kind: str) -> Description:
    types = ARGUMENT_TYPES if kind == "functions" else SETTING_TYPES
    inner = fields.inner("args" if kind == "functions" else "settings", None)
    return Description(
        hint=fields.words("hint"),
        label=fields.words("label"),
        icon=fields.text("icon"),
        example=fields.text("example"),
        fields=tuple(_field(inner.inner(name, _FIELD), name, types) for name in inner),
        returns=_field(fields.inner("returns", ("type", "hint")), "", ARGUMENT_TYPES),
        datasource=_field(fields.inner("datasource", ("default", "hint", "label")), "", ()),
    )


def _field(fields: Fields, name: str, types: tuple[str, ...]) -> Field:
    return Field(
        name=name,
        type=fields.choice("type", types),
        default=fields.json("default"),
        optional=fields.flag("optional"),
        control=fields.choice("control", CONTROLS),
        values=tuple(fields.jsons("values")),
        hint=fields.words("hint"),
        label=fields.words("label"),
    )
