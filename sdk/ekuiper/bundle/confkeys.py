"""`sources/<name>.yaml`: the groups of settings that a stream's CONF_KEY chooses from."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import ManifestError
from .description import Field

__all__ = ["encode_groups", "groups_of", "read_groups", "with_keys_of"]

_BOOL = "tag:yaml.org,2002:bool"


def read_groups(file: Path) -> dict[str, Any]:
    """The groups, `default` among them most often; {} without such a file. Raises
    `ManifestError`."""
    if not file.is_file():
        return {}
    try:
        import yaml
    except ImportError as error:
        advice = "reading it needs PyYAML; pip install 'ekuiper[cli]'"
        raise ManifestError(str(file), "", advice) from error

    class Loader(yaml.SafeLoader):
        """As eKuiper reads YAML: on, off, yes and no are texts."""

    resolvers = {**yaml.SafeLoader.yaml_implicit_resolvers}
    resolvers |= {
        letter: [each for each in resolvers[letter] if each[0] != _BOOL] for letter in "yYnNoO"
    }
    Loader.yaml_implicit_resolvers = resolvers
    try:
        found = yaml.load(file.read_text("utf-8"), Loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ManifestError(str(file), "", f"it cannot be read: {error}") from error
    if not isinstance(found or {}, dict):
        reason = "it must hold groups of settings, such as default"
        raise ManifestError(str(file), "", reason)
    return {str(key): value for key, value in (found or {}).items()}


def groups_of(settings: Iterable[Field]) -> dict[str, Any]:
    """What a file made of `settings` has: their defaults, in its one group."""
    return {"default": {each.name: each.default for each in settings if each.default is not None}}


def encode_groups(settings: Iterable[Field]) -> bytes:
    """A file with the defaults of `settings` in its one group."""
    (values,) = groups_of(settings).values()
    # A JSON value is a YAML value.
    lines = [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["default:", *lines, ""]).encode()


def with_keys_of(groups: dict[str, Any], settings: Iterable[Field]) -> tuple[Field, ...]:
    """`settings` with the defaults that the groups have, and with every key that they have.

    eKuiper 2.x lower-cases the keys in the file, but for those that the source's JSON file lists.
    """
    found = {each.name: each for each in settings}
    tables = [group for group in groups.values() if isinstance(group, dict)]
    for key in (str(key) for table in tables for key in table):
        found.setdefault(key, Field(name=key, optional=True))
    defaults = groups.get("default")
    for key, value in defaults.items() if isinstance(defaults, dict) else ():
        found[str(key)] = Field(default=_json(value)).over(found[str(key)])
    return tuple(found.values())


def _json(value: Any) -> Any:
    """YAML has dates, too."""
    return json.loads(json.dumps(value, default=str))
