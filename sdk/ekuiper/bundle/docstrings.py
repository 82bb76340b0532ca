"""What a symbol's docstring says, for user interfaces.

Its first paragraph is the hint. Sections, all optional, say the rest, in a source or sink

    Settings:
        every (float, default 1): Seconds from one row to the next.
        unit ("C" | "F"): What it is measured in.
    Datasource:
        A folder on the disk to look at.

and in a function `Args:` of the same form, `Returns:` with `type: text`, and `Example:`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import dedent
from typing import Any

from .description import ARGUMENT_TYPES, SETTING_TYPES, Description, Field

__all__ = ["describe_symbol"]

_SECTION = re.compile(r"(Settings|Datasource|Args|Arguments|Returns|Examples?):\s*$", re.I)
_ENTRY = re.compile(r"(\w+)\s*(?:\(([^)]*)\))?\s*:\s*(.*)", re.S)
_RESULT = re.compile(r"([\w\[\]]+)\s*:\s*(.+)", re.S)
_DEFAULT = re.compile(r",?\s*default(?:\s+|=)(.+)$")
_OPTIONAL = re.compile(r",?\s*optional\s*$")
_NONE = re.compile(r"\|\s*None\b")
_TYPES = {
    "str": "string",
    "number": "float",
    "integer": "int",
    "boolean": "bool",
    "dict": "object",
    "list": "list_string",
    "list[str]": "list_string",
    "list[int]": "list_int",
    "list[float]": "list_float",
    "list[dict]": "list_object",
}
_ARGUMENT_TYPES = {
    **dict.fromkeys(("list", "list[str]", "list[int]", "list[float]", "list[dict]"), "array"),
    "str": "string",
    "integer": "int",
    "boolean": "bool",
    "dict": "object",
    "bytes": "bytea",
}


def describe_symbol(doc: str, *, function: bool) -> Description:
    """What `doc`, a cleaned docstring, says of a source or sink, or of a function."""
    text, sections = _split(doc)
    return Description(
        hint=_words(text.partition("\n\n")[0]),
        example=sections.get("example", ""),
        fields=tuple(_fields(sections.get("args" if function else "settings", ""), function)),
        returns=_result(sections.get("returns", "")),
        datasource=Field(hint=_words(sections.get("datasource", ""))),
    )


def _split(doc: str) -> tuple[str, dict[str, str]]:
    """What stands before the first section, and the sections by their names."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in doc.splitlines():
        heading = _SECTION.match(line)
        if heading:
            name = heading[1].lower()
            name = {"arguments": "args", "examples": "example"}.get(name, name)
        elif name and line and not line[0].isspace():
            name = " "  # a section ends where the text is no longer indented
        if not heading:
            found.setdefault(name, []).append(line)
    sections = {key: dedent("\n".join(lines)).strip() for key, lines in found.items()}
    return sections.pop(""), sections


def _words(text: str) -> dict[str, str]:
    line = " ".join(text.split())
    return {"en_US": line.removesuffix(".") if line.count(".") == 1 else line} if line else {}


def _fields(text: str, function: bool) -> Iterator[Field]:
    for entry in re.split(r"\n(?=\S)", text):
        found = _ENTRY.match(entry)
        if found:
            yield _field(found[1], found[2] or "", found[3], function)


def _field(name: str, facts: str, hint: str, function: bool) -> Field:
    default = None
    optional = bool(_OPTIONAL.search(facts))
    facts = _OPTIONAL.sub("", facts)
    found = _DEFAULT.search(facts)
    if found:
        default, optional = _value(found[1]), True
        facts = facts[: found.start()]
    values = _choice(facts)
    return Field(
        name=name,
        type=_type_of(values) if values else _type(facts, function),
        default=default,
        optional=optional,
        values=values,
        hint=_words(hint),
    )


def _result(text: str) -> Field:
    found = _RESULT.match(text)
    kind = _type(found[1], True) if found else ""
    if found and kind:
        return Field(type=kind, hint=_words(found[2]))
    return Field(hint=_words(text))


def _type(text: str, function: bool) -> str:
    """eKuiper's name for a type; "" for one it has none for."""
    name = _NONE.sub("", text).strip().lower().replace(" ", "")
    known = ARGUMENT_TYPES if function else SETTING_TYPES
    name = name if name in known else (_ARGUMENT_TYPES if function else _TYPES).get(name, name)
    return name if name in known else ""


def _choice(text: str) -> tuple[Any, ...]:
    """`"C" | "F"`; not `int | str`, which are types."""
    parts = [part.strip() for part in text.split("|")]
    if len(parts) == 1 or any(_type(part, False) or part == "None" for part in parts):
        return ()
    return tuple(_value(part) for part in parts)


def _type_of(values: Sequence[Any]) -> str:
    names = {bool: "bool", int: "int", float: "float"}
    kinds = {type(value) for value in values}
    return names.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _value(text: str) -> Any:
    """JSON, or a Python word, or else text."""
    text = text.strip()
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text
