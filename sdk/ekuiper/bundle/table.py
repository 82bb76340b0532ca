"""`[tool.ekuiper]` of a `pyproject.toml`, as typed values."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import ManifestError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Fields", "Table", "load_toml", "read_table"]


@dataclass(frozen=True)
class Table:
    """What an author says about a plugin beside its code; all of it may be left out."""

    name: str = ""
    """The plugin's name; else that of `[project]`."""
    script: str = ""
    """The plugin file, relative to the folder; else `<name>.py`."""


def load_toml(path: Path) -> dict[str, Any]:
    """The whole file. Raises `ManifestError` when it is not readable TOML."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestError(str(path), "", f"is not readable TOML: {error}") from error
    return values


def read_table(path: Path, values: Mapping[str, Any]) -> Table:
    """`values` of the table `[tool.ekuiper]` in the file at `path`.

    Raises `ManifestError` for a key that means nothing, and for a value of another type.
    """
    fields = Fields(path, "tool.ekuiper", values, ("name", "script"))
    return Table(name=fields.text("name"), script=fields.text("script"))


class Fields:
    """The entries of one TOML table; each is asked for with its type."""

    def __init__(
        self, path: Path, name: str, values: Mapping[str, Any], known: tuple[str, ...] | None
    ) -> None:
        self._path = path
        self._name = name
        self._values = values
        unknown = [] if known is None else [key for key in values if key not in known]
        if unknown:
            raise self.error(unknown[0], f"means nothing here; {_known(unknown[0], known or ())}")

    def error(self, key: str, reason: str) -> ManifestError:
        """One that names the file and the key."""
        return ManifestError(str(self._path), f"{self._name}.{key}", reason)

    def text(self, key: str) -> str:
        """A string, "" if there is none."""
        value = self._values.get(key, "")
        if not isinstance(value, str):
            raise self.error(key, f"must be text, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, () if there is none."""
        values = self._values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise self.error(key, f"must be a list of texts, not {values!r}")
        return tuple(values)

    def table(self, key: str) -> Mapping[str, Any]:
        """A table, {} if there is none."""
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {value!r}")
        return value


def _known(key: str, known: tuple[str, ...]) -> str:
    nearest = get_close_matches(key, known, 1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{hint}known: {', '.join(known)}"
