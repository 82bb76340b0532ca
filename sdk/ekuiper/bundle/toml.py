"""Reading `pyproject.toml`, with types."""

import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from json import dumps
from pathlib import Path
from typing import Any

from ..errors import ManifestError
from .description import Words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Fields", "load_toml"]

_LANGUAGES = ("en_US", "zh_CN")


def load_toml(path: Path) -> dict[str, Any]:
    """The whole file. Raises `ManifestError` when it is not readable TOML."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestError(str(path), "", f"is not readable TOML: {error}") from error
    return values


class Fields:
    """The entries of one TOML table; each is asked for with its type."""

    def __init__(
        self, path: Path, name: str, values: Mapping[str, Any], known: tuple[str, ...] | None = None
    ) -> None:
        self._path = path
        self._name = name
        self._values = values
        unknown = [] if known is None else [key for key in values if key not in known]
        if unknown:
            raise self.error(unknown[0], f"means nothing here; {_known(unknown[0], known or ())}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def error(self, key: str, reason: str) -> ManifestError:
        """One that names the file and the key."""
        return ManifestError(str(self._path), f"{self._name}.{key}".strip("."), reason)

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

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """One of the known words, "" if there is none."""
        word = self.text(key)
        if word and word not in known:
            raise self.error(key, f"cannot be {word!r}; {_known(word, known)}")
        return word

    def flag(self, key: str) -> bool | None:
        """true or false, None if there is none."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {value!r}")
        return value

    def json(self, key: str) -> Any:
        """A value that JSON has, too, None if there is none."""
        value = self._values.get(key)
        try:
            dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise self.error(key, f"has no JSON form: {value!r}") from None
        return value

    def jsons(self, key: str) -> tuple[Any, ...]:
        """A list of such values, () if there is none."""
        values = self.json(key)
        if not isinstance(values, (list, type(None))):
            raise self.error(key, f"must be a list, not {values!r}")
        return tuple(values or ())

    def words(self, key: str) -> Words:
        """A text, in English or by language; {} if there is none."""
        value = self._values.get(key, {})
        if isinstance(value, str):
            return {"en_US": value} if value else {}
        fields = self.inner(key, _LANGUAGES)
        return {language: fields.text(language) for language in fields}

    def inner(self, key: str, known: tuple[str, ...] | None = None) -> "Fields":
        """The table below, with the keys that mean something in it; None: any do."""
        return Fields(self._path, f"{self._name}.{key}".strip("."), self.table(key), known)

    def tables(self, key: str) -> tuple[dict[str, str], ...]:
        """A list of tables of texts, () if there is none."""
        values = self._values.get(key, [])
        for each in values if isinstance(values, list) else [values]:
            texts = each.values() if isinstance(each, dict) else [None]
            if not all(isinstance(text, str) for text in texts):
                raise self.error(key, f"must be a list of tables of texts, not {values!r}")
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
