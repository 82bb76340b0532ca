"""The manifest and the files for user interfaces, made from what a plugin's code declares."""

import json
from collections.abc import Mapping
from typing import Any

from .confkeys import encode_groups, read_groups, with_keys_of
from .declared import Declared, DeclaredSymbol
from .description import Description, Field, Words
from .docstrings import describe_symbol
from .project import Project
from .table import About

__all__ = ["KINDS", "metadata_files", "source_settings"]

KINDS = ("sources", "sinks", "functions")

_TYPES = {bool: "bool", int: "int", float: "float", str: "string", dict: "object"}


def metadata_files(project: Project, declared: Declared) -> dict[str, bytes]:
    """What goes into a zip beside the code, by name: `sources/<s>.yaml` for every source, which
    eKuiper insists on, and `sources|sinks|functions/<name>.json` for eKuiper manager.

    They are made from docstrings (see `docstrings`), above these from the tables
    `[tool.ekuiper.sources.<name>]` and so on, and above all from files in the project of the same
    name, which are taken as they are. Raises `ManifestError` for a file that cannot be read.
    """
    files: dict[str, bytes] = {}
    for symbol in declared.sources:
        files |= _source_files(project, symbol)
    for symbol in declared.sinks:
        files[f"sinks/{symbol.name}.json"] = _encode(_sink(project, symbol))
    for symbol in declared.functions:
        files[f"functions/{symbol.name}.json"] = _encode(_function(project, symbol))
    own = {name: project.folder / name for name in files}
    return {
        name: own[name].read_bytes() if own[name].is_file() else content
        for name, content in files.items()
    }


def source_settings(project: Project, declared: Declared) -> dict[str, tuple[Field, ...]]:
    """Of each source the settings that its files list."""
    return {symbol.name: _settings(project, symbol) for symbol in declared.sources}


def _settings(project: Project, symbol: DeclaredSymbol) -> tuple[Field, ...]:
    groups = read_groups(project.folder / "sources" / f"{symbol.name}.yaml")
    return with_keys_of(groups, _description(project, "sources", symbol).fields)


def _source_files(project: Project, symbol: DeclaredSymbol) -> dict[str, bytes]:
    said = _description(project, "sources", symbol)
    settings = _settings(project, symbol)
    metadata = {
        **_head(project, said),
        "libs": [],
        **_datasource(said.datasource),
        "properties": {"default": [_setting(each) for each in settings]},
        **_node("source", symbol, said),
    }
    return {
        f"sources/{symbol.name}.yaml": encode_groups(settings),
        f"sources/{symbol.name}.json": _encode(metadata),
    }


def _sink(project: Project, symbol: DeclaredSymbol) -> Mapping[str, Any]:
    said = _description(project, "sinks", symbol)
    return {
        **_head(project, said),
        "libs": [],
        "properties": [_setting(each) for each in said.fields],
        **_node("sink", symbol, said),
    }


def _function(project: Project, symbol: DeclaredSymbol) -> Mapping[str, Any]:
    said = _description(project, "functions", symbol)
    names = ", ".join(each.name for each in said.fields)
    returns = {"type": said.returns.type or "any", "hint": _both(said.returns.hint)}
    function = {
        "name": symbol.name,
        "example": said.example or f"{symbol.name}({names or '...'})",
        **({"aggregate": True} if symbol.aggregate else {}),
        "hint": _both(said.hint),
        "args": [_argument(each) for each in said.fields],
        "return": returns,
        **_node("function", symbol, said),
    }
    return {**_head(project, said), "functions": [function]}


def _description(project: Project, kind: str, symbol: DeclaredSymbol) -> Description:
    tables: Mapping[str, Description] = getattr(project.tool, kind)
    above = tables.get(symbol.name, Description())
    return above.over(describe_symbol(symbol.doc, function=kind == "functions"))


def _head(project: Project, said: Description) -> dict[str, Any]:
    about: dict[str, Any] = {"trial": False, **_author(project.about)}
    if project.about.help:
        about["helpUrl"] = _both(project.about.help)
    return {"about": {**about, "description": _both(said.hint)}}


def _author(about: About) -> dict[str, Any]:
    names = ("email", "company", "website")
    author = {"name": about.author, **{name: getattr(about, name) for name in names}}
    return {"author": author} if any(author.values()) else {}


def _datasource(said: Field) -> dict[str, Any]:
    if said == Field():
        return {}
    words = {"hint": _both(said.hint), "label": _both(said.label or {"en_US": "Data source"})}
    return {"dataSource": {"default": said.default or "", **words}}


def _setting(field: Field) -> dict[str, Any]:
    kind = field.type or _type(field.default)
    listed = kind == "object" or kind.startswith("list")
    control = "radio" if kind == "bool" else "list" if listed else "text"
    return _field(field, kind, control, optional=field.optional is True)


def _argument(field: Field) -> dict[str, Any]:
    return _field(field, field.type or "any", "field", optional=field.optional is True)


def _field(field: Field, kind: str, control: str, *, optional: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field.name,
        "default": "" if field.default is None else _shown(field),
        "optional": optional,
        "control": field.control or ("select" if field.values else control),
        "type": kind,
    }
    if field.values:
        found["values"] = list(field.values)
    label = field.label or _label(field.name)
    return {**found, "hint": _both(field.hint or label), "label": _both(label)}


def _shown(field: Field) -> Any:
    """The default, unless eKuiper would take it for a list of settings below this one, whose name
    it then forgets: it would come in lower case."""
    inner = field.default if isinstance(field.default, (list, dict)) else None
    return "" if inner and field.name != field.name.lower() else field.default


def _type(value: Any) -> str:
    if isinstance(value, list):
        inner = {type(each) for each in value}
        kind = _TYPES.get(inner.pop(), "string") if len(inner) == 1 else "string"
        return f"list_{kind}" if kind != "bool" else "list_object"
    return _TYPES.get(type(value), "string")


def _node(category: str, symbol: DeclaredSymbol, said: Description) -> dict[str, Any]:
    label = _both(said.label or _label(symbol.name))
    return {"node": {"category": category, "icon": said.icon or "iconPath", "label": label}}


def _label(name: str) -> Words:
    text = name.replace("_", " ").strip()
    return {"en_US": text[:1].upper() + text[1:]}


def _both(words: Words) -> dict[str, str]:
    """In both languages of eKuiper manager: what lacks one is shown in the other."""
    any = next(iter(words.values()), "")
    return {language: words.get(language, any) for language in ("en_US", "zh_CN")}


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
