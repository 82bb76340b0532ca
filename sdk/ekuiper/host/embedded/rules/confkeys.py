"""Settings of sources, from the plugin's `sources/<type>.yaml`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ....bundle.confkeys import groups_of, read_groups
from ....bundle.description import Field
from ....errors import ManifestError
from .errors import RuleError, nearest
from .streams import Stream

__all__ = ["source_config"]


def source_config(
    folder: Path, stream: Stream, *, lower: bool, said: Sequence[Field] = ()
) -> dict[str, Any]:
    """What a stream's source is configured with: the group `default` of its yaml file, above that
    the group that CONF_KEY names, above that EXTRA.

    With `lower` keys come in lower case, but for those that `sources/<type>.json` names. What is
    `said` of the settings elsewhere stands for a file that is not there. Raises
    `RuleError` for a file that cannot be read and a CONF_KEY that is not there.
    """
    file = folder / "sources" / f"{stream.type}.yaml"
    groups = _groups(file) if file.is_file() or not said else groups_of(said)
    if lower:
        groups = _renamed(_lowered(groups), _names(file.with_suffix(".json"), said))
    found = dict(groups.get("default") or {})
    key = stream.options.get("CONF_KEY", "")
    if key:
        name = next((name for name in (key.lower(), key) if name in groups), None)
        if name is None:
            hint = nearest(key, groups, f"groups of {file.name}")
            raise stream.error("CONF_KEY", f"there is no group {key!r} in {file}; {hint}")
        found.update(groups[name] or {})
    return {**found, **stream.extra}


def _groups(file: Path) -> dict[str, Any]:
    try:
        return read_groups(file)
    except ManifestError as error:
        raise RuleError(str(file), error.reason) from error


def _lowered(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {str(key).lower(): _lowered(inner) for key, inner in value.items()}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {names.get(key, key): _renamed(inner, names) for key, inner in value.items()}


def _names(file: Path, said: Iterable[Field]) -> dict[str, str]:
    """The keys that a source's metadata names, by their lower case."""
    try:
        metadata = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {each.name.lower(): each.name for each in said}
    except (OSError, ValueError) as error:
        raise RuleError(str(file), f"it cannot be read: {error}") from error
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    return {name.lower(): name for name in _named(properties)}


def _named(element: Any) -> Iterator[str]:
    """The names of the settings below, or of this one if none is below."""
    if not isinstance(element, dict):
        return
    below = element.get("default")
    if isinstance(below, dict):
        below = list(below.values())
    if isinstance(below, list) and below:
        for each in below:
            yield from _named(each)
    elif isinstance(element.get("name"), str):
        yield element["name"]
