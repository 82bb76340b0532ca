"""Settings of sources and sinks, from `--conf` and from `sources/<name>.yaml`."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import click

from ...bundle.confkeys import groups_of, read_groups
from ...bundle.description import Field
from ...errors import ManifestError

__all__ = ["defaults", "did_you_mean", "settings"]

Config = dict[str, dict[str, Any]]


def settings(given: Iterable[str], symbols: Iterable[str]) -> Config:
    """By symbol, the settings in `given`, each `SYMBOL.key=value` or `SYMBOL=file.json`; later ones
    win. A value is JSON if it can be read as such, else text. Raises `click.UsageError`."""
    known = sorted(set(symbols), key=len, reverse=True)
    found: Config = {}
    for text in given:
        target, equals, value = text.partition("=")
        symbol, key = _split(target, known)
        if not equals:
            raise click.UsageError(f"--conf {text!r}: write SYMBOL.key=value or SYMBOL=file.json")
        if symbol is None:
            nearest = did_you_mean(target.partition(".")[0], known, "Sources and sinks in use")
            raise click.UsageError(f"--conf {text!r} is for no source or sink in use; {nearest}")
        entries = _from_file(text, value) if key is None else {key: _value(value)}
        found.setdefault(symbol, {}).update(entries)
    return found


def did_you_mean(name: str, known: Iterable[str], what: str) -> str:
    """A question with the nearest of the known names, if one is near; then all of them."""
    names = list(known)
    nearest = get_close_matches(name, names, 1)
    listed = f"{what}: {', '.join(names) or 'none'}"
    return f"did you mean {nearest[0]!r}? {listed}" if nearest else listed


def defaults(folder: Path, source: str, said: Iterable[Field] = ()) -> dict[str, Any]:
    """The group `default` of `sources/<source>.yaml`, as eKuiper gives it to a stream without a
    CONF_KEY; without such a file the defaults that are `said` elsewhere.

    Raises `ValueError` for a file that cannot be read.
    """
    path = folder / "sources" / f"{source}.yaml"
    try:
        groups = read_groups(path) if path.is_file() else groups_of(said)
    except ManifestError as error:
        raise ValueError(str(error)) from error
    found = groups.get("default")
    return found if isinstance(found, dict) else {}


def _split(target: str, known: Iterable[str]) -> tuple[str | None, str | None]:
    """The symbol and the key; no key where the target is a symbol."""
    for symbol in known:
        if target == symbol:
            return symbol, None
        if target.startswith(f"{symbol}.") and len(target) > len(symbol) + 1:
            return symbol, target[len(symbol) + 1 :]
    return None, None


def _from_file(text: str, path: str) -> Mapping[str, Any]:
    try:
        value = json.loads(Path(path).read_text("utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--conf {text!r}: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"--conf {text!r}: the file must hold a JSON object")
    return value


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
