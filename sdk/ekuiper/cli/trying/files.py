"""The rules and streams of a project as texts: a real eKuiper understands more than we do."""

import json
import re
from pathlib import Path
from typing import Any

import click

from ..shared.conf import did_you_mean
from ..shared.rows import read_rows

__all__ = ["recorded", "rule_in", "samples", "streams_in"]

# What is no end of a statement, whatever is in it.
_PIECE = re.compile(r"--[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^;]", re.DOTALL)
_STREAM = re.compile(r"CREATE\s+STREAM\s+`?(\w+)`?", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def rule_in(folder: Path, name: str) -> dict[str, Any]:
    """The rule of this id, or in this file. Raises `click.UsageError`."""
    if name.endswith(".json"):
        path = Path(name) if Path(name).is_file() else folder / name
        return _rule(path)
    found = {}
    for path in sorted(folder.glob("rules/*.json")):
        rule = _rule(path)
        found[str(rule.get("id") or path.stem)] = rule
    if name not in found:
        hint = did_you_mean(name, found, "Rules")
        raise click.UsageError(f"there is no rule {name!r} in {folder / 'rules'}; {hint}")
    return found[name]


def streams_in(folder: Path) -> dict[str, str]:
    """By name, the statements in `streams/*.sql`. Raises `click.UsageError`."""
    found = {}
    for path in sorted(folder.glob("streams/*.sql")):
        for statement in _statements(_text(path)):
            stream = _STREAM.match(statement)
            if stream is not None:
                found[stream[1]] = statement
    return found


def recorded(
    folder: Path, streams: dict[str, str], given: tuple[str, ...]
) -> dict[str, list[dict[str, Any]]]:
    """By stream, rows from `STREAM=FILE`, or from FILE where there is one stream. Raises
    `click.UsageError`."""
    found = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals:
            if len(streams) != 1:
                raise click.UsageError(f"--rows {text}: of which stream? write STREAM={text}")
            name, path = next(iter(streams)), text
        if name not in streams:
            hint = did_you_mean(name, streams, "Streams")
            raise click.UsageError(f"--rows {text}: there is no stream {name!r}; {hint}")
        found[name] = _rows(path)
    return found


def samples(folder: Path, streams: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """By stream, the rows in `streams/<stream>.jsonl`. Raises `click.UsageError`."""
    files = {name: folder / "streams" / f"{name}.jsonl" for name in streams}
    return {name: _rows(str(file)) for name, file in files.items() if file.is_file()}


def _rows(path: str) -> list[dict[str, Any]]:
    try:
        rows = list(read_rows(path))
    except OSError as error:
        raise click.UsageError(f"--rows {path}: {error.strerror}") from error
    good = [row for row in rows if isinstance(row, dict)]
    bad = [row for row in rows if not isinstance(row, dict)]
    if bad:
        raise click.UsageError(f"--rows: {bad[0].text}")
    return good


def _rule(path: Path) -> dict[str, Any]:
    try:
        rule = json.loads(_text(path))
    except ValueError as error:
        raise click.UsageError(f"{path} is no JSON: {error}") from error
    if not isinstance(rule, dict) or not isinstance(rule.get("sql"), str):
        raise click.UsageError(f"{path} is no rule: an object with a text called sql")
    return rule


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error


def _statements(text: str) -> list[str]:
    """Each without the comments before it."""
    found, at = [], 0
    while at < len(text):
        end = at
        while piece := _PIECE.match(text, end):
            end = piece.end()
        found.append(text[at:end])
        at = end + 1
    return [plain for each in found if (plain := _bare(each))]


def _bare(statement: str) -> str:
    while comment := _COMMENT.match(statement.strip()):
        statement = statement.strip()[comment.end() :]
    return statement.strip()
