"""Settings and metadata of symbols: sources/*.yaml, and sources|sinks|functions/*.json."""

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import yaml

from ..manifest import Manifest
from ..metadata import KINDS
from ..project import PYPROJECT
from ..table import Table
from . import rules
from .finding import Finding
from .layout import METADATA_FOLDERS
from .manifest import load_json
from .model import Bundle, Member

__all__ = ["check_settings", "check_table"]

_TAG = "tag:yaml.org,2002:"
_NO_TEXTS = {f"{_TAG}{kind}" for kind in ("int", "float")}
_FIX_YAML = "Write groups of settings, as in\ndefault:\n  interval: 1000"


def check_settings(bundle: Bundle, manifest: Manifest) -> Iterator[Finding]:
    """What every source must have, what symbols may have, and what belongs to none."""
    for source in dict.fromkeys(manifest.sources):
        yield from _check_source(bundle, source)
    for folder in METADATA_FOLDERS:
        symbols: tuple[str, ...] = getattr(manifest, folder[:-1])
        for name, member in bundle.files.items():
            if name.startswith(folder) and name.endswith((".json", ".yaml", ".yml")):
                yield from _check_file(bundle, folder, member, symbols)


def _check_source(bundle: Bundle, source: str) -> Iterator[Finding]:
    name = f"sources/{source}.yaml"
    member = bundle.files.get(name)
    if member is None:
        near = get_close_matches(name.lower(), [each.lower() for each in bundle.files], 1, 0.85)
        like = [each for each in bundle.files if near and each.lower() == near[0]]
        hint = f"; there is {like[0]!r}" if like else ""
        fix = f"Add {name}; the one line default: is enough."
        yield rules.MISSING_YAML(bundle.at(name), f"is not there{hint}", fix)
        return
    try:
        top = _loaded(member.read())
    except _BadYamlError as error:
        yield rules.SOURCE_YAML(bundle.at(name, error.line), str(error), _FIX_YAML)
        return
    for key in _keys_that_are_no_text(top):
        reason = f"the key {key.value} is no text for YAML; eKuiper 2 leaves all settings aside"
        place = bundle.at(name, key.start_mark.line + 1)
        yield rules.SETTING_KEY(place, reason, f'Write it in quotes: "{key.value}".')
    groups = _groups(top)
    if "default" not in groups:
        known = ", ".join(groups) or "none"
        reason = f"has no group default, which streams without CONF_KEY get; groups: {known}"
        yield rules.NO_DEFAULT(bundle.at(name), reason, "Add the group, be it empty: default:")
    yield from _check_cases(bundle, source, groups)


def _check_cases(
    bundle: Bundle, source: str, groups: dict[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """eKuiper 2 lower-cases keys, but for those that the source's JSON file has as a setting."""
    listed = set(_names(_metadata(bundle.files.get(f"sources/{source}.json"))))
    keys = {key for group in groups.values() for key in group}
    lost = sorted(key for key in keys if key != key.lower() and key not in listed)
    if lost:
        reason = f"{', '.join(lost)}: eKuiper 2 hands on such keys in lower case"
        fix = f"Name them in sources/{source}.json, which ekuiper pack writes; or write them so."
        yield rules.SETTING_CASE(bundle.at(f"sources/{source}.yaml"), reason, fix)


def _check_file(
    bundle: Bundle, folder: str, member: Member, symbols: tuple[str, ...]
) -> Iterator[Finding]:
    place = bundle.at(member.name)
    stem, _, suffix = member.name.removeprefix(folder).rpartition(".")
    if suffix == "json":
        reason = _metadata_problem(folder, member)
        if reason:
            fix = "Let ekuiper pack write it from the code."
            yield rules.METADATA(place, reason, fix)
            return
        stems = {stem, *_functions(_metadata(member))} if folder == "functions/" else {stem}
    else:
        stems = {stem}
    if not stems & set(symbols):
        yield _stray(place, folder[:-2], stem, symbols)


def check_table(bundle: Bundle, table: Table, manifest: Manifest) -> Iterator[Finding]:
    """Symbols that `[tool.ekuiper]` describes, and the code has not."""
    for kind in KINDS:
        symbols = getattr(manifest, kind)
        for name in getattr(table, kind):
            if name not in symbols:
                yield _stray(bundle.at(PYPROJECT), kind[:-1], name, symbols)


def _stray(place: str, kind: str, name: str, symbols: Sequence[str]) -> Finding:
    near = get_close_matches(name, symbols, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    reason = f"there is no {kind} {name!r}{hint}"
    return rules.STRAY_FILE(place, reason, "Call it like its symbol, or leave it out.")


def _metadata_problem(folder: str, member: Member) -> str:
    try:
        found = load_json(member.read())
    except ValueError as error:
        return str(error)
    if not isinstance(found, dict):
        return "must hold an object"
    if folder == "functions/":
        return "" if isinstance(found.get("functions"), list) else "has no list of functions"
    if not isinstance(found.get("about"), dict):
        return "has no object about; eKuiper leaves such metadata aside"
    kind = dict if folder == "sources/" else list
    if not isinstance(found.get("properties", kind()), kind):
        return f"properties must be {'an object of lists' if kind is dict else 'a list'}"
    return ""


def _metadata(member: Member | None) -> Any:
    try:
        return json.loads(member.read()) if member is not None else None
    except ValueError:
        return None


def _names(value: Any) -> Iterator[str]:
    """All names of settings in metadata, wherever they are."""
    if isinstance(value, dict):
        if isinstance(value.get("name"), str):
            yield value["name"]
        for each in value.values():
            yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _functions(value: Any) -> set[str]:
    listed = value.get("functions") if isinstance(value, dict) else None
    return {str(each.get("name")) for each in listed or () if isinstance(each, dict)}


class _BadYamlError(Exception):
    """Why settings cannot be read, and in which line."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def _loaded(content: bytes) -> yaml.MappingNode | None:
    """Groups of settings; None for an empty file."""
    try:
        node = yaml.compose(content, yaml.SafeLoader)
        yaml.safe_load(content)
    except UnicodeDecodeError as error:
        raise _BadYamlError("is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise _BadYamlError(f"is no YAML: {error.problem or error.context}", line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _BadYamlError(f"is no YAML: {str(error).splitlines()[0]}") from error
    if _is_nothing(node):
        return None
    if not isinstance(node, yaml.MappingNode):
        raise _BadYamlError(f"holds no groups of settings, but a {_kind(node)}")
    _check_twice(node)
    for key, group in node.value:
        if not _is_nothing(group) and not isinstance(group, yaml.MappingNode):
            reason = f"the group {key.value} holds no settings, but a {_kind(group)}"
            raise _BadYamlError(reason, key.start_mark.line + 1)
    return node


def _groups(top: yaml.MappingNode | None) -> dict[str, tuple[str, ...]]:
    """The keys of each group, as they are written."""
    return {str(key.value): _keys(group) for key, group in (top.value if top else ())}


def _keys_that_are_no_text(top: yaml.MappingNode | None) -> Iterator[yaml.ScalarNode]:
    """`2`, `1.5`, `true`; but `on` and `yes` are texts for eKuiper, as are all names of groups."""
    for table in _tables(top) if top else ():
        if table is top:
            continue
        for key, _ in table.value:
            boolean = key.tag == f"{_TAG}bool" and key.value.lower() in ("true", "false")
            if isinstance(key, yaml.ScalarNode) and (boolean or key.tag in _NO_TEXTS):
                yield key


def _keys(group: yaml.Node) -> tuple[str, ...]:
    """All of them, those of settings in settings, too."""
    return tuple(
        key.value
        for table in _tables(group)
        for key, _ in table.value
        if isinstance(key, yaml.ScalarNode)
    )


def _check_twice(top: yaml.Node) -> None:
    """eKuiper's reader of YAML refuses a key that comes twice."""
    for table in _tables(top):
        seen = set()
        for key, _ in table.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _BadYamlError(f"the key {key.value} comes twice", key.start_mark.line + 1)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)


def _tables(top: yaml.Node) -> Iterator[yaml.MappingNode]:
    """The mappings in a node, each once: an anchor may stand in itself."""
    waiting, known = [top], {id(top)}
    while waiting:
        node = waiting.pop()
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            yield node
            inner = [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            inner = list(node.value)
        new = [each for each in inner if id(each) not in known]
        known.update(map(id, new))
        waiting += new


def _is_nothing(node: yaml.Node | None) -> bool:
    return node is None or node.tag == f"{_TAG}null"


def _kind(node: yaml.Node | None) -> str:
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"
