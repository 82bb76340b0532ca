"""The manifest as it is written, defects and all."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from ..manifest import Manifest
from . import rules
from .finding import Finding
from .model import Bundle, Member

__all__ = ["Text", "check_manifest", "load_json"]

_LANGUAGES = ("python", "go")
_LARGEST = 1 << 20  # bytes; a larger file is data, whatever its name
_TEXTS = ("name", "version", "language", "executable", "virtualEnvType", "env")
_LISTS = ("sources", "sinks", "functions")
_KNOWN = (*_TEXTS, *_LISTS)
_FIX_JSON = (
    "Write it as JSON, in UTF-8 without byte order mark, one object with the plugin's facts."
)


@dataclass(frozen=True)
class Text:
    """The text of a JSON or YAML file, to tell lines by."""

    name: str
    text: str

    def line_of(self, key: str) -> int | None:
        """Where a key is first written, in any case."""
        found = re.search(rf'"{re.escape(key)}"\s*:', self.text, re.IGNORECASE)
        return self.text.count("\n", 0, found.start()) + 1 if found else None


def load_json(content: bytes) -> Any:
    """A value as eKuiper reads it. Raises `ValueError` that says what is wrong."""
    if content.startswith(b"\xef\xbb\xbf"):
        raise ValueError("begins with a byte order mark (BOM), which is no JSON")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg} in line {error.lineno}") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"is no JSON: {constant} is no value")


def check_manifest(bundle: Bundle) -> tuple[Manifest | None, Text | None, list[Finding]]:
    """The manifest, as far as it can be read; None if there is none. What is wrong in it is left
    empty."""
    member, found = _find(bundle)
    if member is None:
        return None, None, found
    content = member.read()
    text = Text(member.name, content.decode("utf-8", "replace"))
    try:
        fields = load_json(content)
        if not isinstance(fields, dict):
            raise ValueError(f"must hold an object, not {_kind(fields)}")
    except ValueError as error:
        finding = rules.MANIFEST_JSON(bundle.at(member.name), str(error), _FIX_JSON)
        return None, text, [*found, finding]
    reader = _Reader(bundle, text, fields)
    findings = [*found, *reader.check()]
    return reader.manifest(), text, findings


def _find(bundle: Bundle) -> tuple[Member | None, list[Finding]]:
    """The one file at the top that is, or is meant to be, the manifest."""
    candidates = [
        member
        for name, member in bundle.files.items()
        if "/" not in name and name.endswith(".json") and member.size <= _LARGEST
    ]
    plugins = [member for member in candidates if _describes_plugin(member)]
    if len(plugins) > 1:
        names = ", ".join(member.name for member in plugins)
        fix = "Keep one of them; a plugin is installed by one name."
        return None, [rules.SEVERAL_MANIFESTS(bundle.place, f"has several: {names}", fix)]
    if plugins:
        return plugins[0], []
    broken = [member for member in candidates if not _loads(member)]
    if broken or len(candidates) == 1:
        return (broken or candidates)[0], []
    fix = "Add <name>.json, with language, executable and symbols; ekuiper pack writes it."
    names = ", ".join(member.name for member in candidates)
    reason = f"none of {names} describes a plugin" if names else "has no <name>.json at its top"
    return None, [rules.NO_MANIFEST(bundle.place, reason, fix)]


def _loads(member: Member) -> bool:
    try:
        load_json(member.read())
    except ValueError:
        return False
    return True


def _describes_plugin(member: Member) -> bool:
    try:
        fields = load_json(member.read())
    except ValueError:
        return False
    keys = {key.lower() for key in fields} if isinstance(fields, dict) else set()
    return bool(keys & {"language", "executable"})


class _Reader:
    """The fields of one manifest."""

    def __init__(self, bundle: Bundle, text: Text, fields: dict[str, Any]) -> None:
        self._bundle = bundle
        self._text = text
        self._written = fields
        known = {key.lower(): key for key in _KNOWN}
        self._fields = {known.get(key.lower(), key): value for key, value in fields.items()}

    def manifest(self) -> Manifest:
        """What of it has the right type."""
        return Manifest(
            name=self._text.name.removesuffix(".json"),
            version=self._said("version"),
            language=self._said("language"),
            executable=self._said("executable"),
            virtual_env_type=self._said("virtualEnvType") or None,
            env=self._said("env") or None,
            sources=self._names("sources"),
            sinks=self._names("sinks"),
            functions=self._names("functions"),
        )

    def check(self) -> Iterator[Finding]:
        yield from self._check_keys()
        yield from self._check_types()
        yield from self._check_facts()
        for kind in _LISTS:
            for name, count in Counter(self._names(kind)).items():
                if count > 1:
                    reason = f"{kind} name {name!r} {count} times"
                    yield rules.DUPLICATE_SYMBOL(self._at(kind), reason, "Name it once.")

    def _check_keys(self) -> Iterator[Finding]:
        for key, count in Counter(_keys(self._text.text)).items():
            if count > 1:
                reason = f"{key!r} is there {count} times; the last one counts"
                yield rules.DUPLICATE_KEY(self._at(key), reason, "Keep one.")
        for key in self._written:
            if key in _KNOWN:
                continue
            known = next((each for each in _KNOWN if each.lower() == key.lower()), None)
            if known:
                reason = f"{key!r} is written {known!r}; not everything reads it in another case"
                yield rules.KEY_CASE(self._at(key), reason, f"Write {known!r}.")
            else:
                near = get_close_matches(key, _KNOWN, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_KNOWN)}"
                reason = f"{key!r} means nothing to eKuiper; {hint}"
                yield rules.UNKNOWN_KEY(self._at(key), reason, "Correct it, or leave it out.")

    def _check_types(self) -> Iterator[Finding]:
        for key in _TEXTS:
            value = self._fields.get(key)
            if value is not None and not isinstance(value, str):
                fix = f'Write it as text: "{key}": "{value}".'
                yield rules.FIELD_TYPE(self._at(key), f"{key} is {_kind(value)}, no text", fix)
        for key in _LISTS:
            value = self._fields.get(key)
            if value is not None and not _is_list_of_texts(value):
                fix = f'Write it as a list: "{key}": ["name"].'
                reason = f"{key} is {_kind(value)}, no list of names"
                yield rules.FIELD_TYPE(self._at(key), reason, fix)

    def _check_facts(self) -> Iterator[Finding]:
        stem = self._text.name.removesuffix(".json")
        name, language, kind = map(self._said, ("name", "language", "virtualEnvType"))
        if name not in ("", stem):
            reason = f"names the plugin {name!r}, but is called {self._text.name}"
            fix = f'Write "name": "{stem}", or call the file {name}.json.'
            yield rules.MANIFEST_NAME(self._at("name"), reason, fix)
        if language not in _LANGUAGES and self._is_text("language"):
            reason = f"the language is {language!r}" if language else "no language is named"
            fix = 'Write "language": "python", in lower case.'
            yield rules.LANGUAGE(self._at("language"), reason, fix)
        if kind not in ("", "conda"):
            reason = f"virtualEnvType is {kind!r}; eKuiper knows conda only"
            fix = "Leave it out: a launcher can run any environment (ekuiper pack --env venv)."
            yield rules.VIRTUAL_ENV(self._at("virtualEnvType"), reason, fix)
        elif kind and not self._said("env"):
            reason = "virtualEnvType is conda, but env is missing: the start fails by a nil pointer"
            yield rules.NO_ENV(self._at("virtualEnvType"), reason, 'Name it: "env": "myenv".')
        if not any(self._fields.get(each) for each in _LISTS):
            reason = "names no source, sink or function; eKuiper wants one at least"
            fix = 'Name what the code has, as in "functions": ["revert"].'
            yield rules.NO_SYMBOLS(self._at(""), reason, fix)

    def _at(self, key: str) -> str:
        return self._bundle.at(self._text.name, self._text.line_of(key))

    def _said(self, key: str) -> str:
        value = self._fields.get(key)
        return value if isinstance(value, str) else ""

    def _is_text(self, key: str) -> bool:
        value = self._fields.get(key)
        return value is None or isinstance(value, str)

    def _names(self, key: str) -> tuple[str, ...]:
        value = self._fields.get(key)
        return tuple(value or ()) if _is_list_of_texts(value) else ()


def _keys(text: str) -> list[str]:
    """The keys of the outermost object, as often as they are there."""
    found: list[str] = []

    def pairs(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        found[:] = [key for key, _ in entries]  # the outermost is read last
        return dict(entries)

    json.loads(text, object_pairs_hook=pairs)
    return found


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    names |= {int: "a number", float: "a number", type(None): "null"}
    return f"{names[type(value)]} ({json.dumps(value, ensure_ascii=False)[:40]})"
