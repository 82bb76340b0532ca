"""The streams and rules in a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import RuleError, Script
from .rulefiles import RuleFile, read_rule
from .streams import Stream, read_streams

__all__ = ["Folder", "read_folder"]


@dataclass(frozen=True)
class Folder:
    """What `streams/*.sql` and `rules/*.json` of a folder say."""

    path: Path
    streams: Mapping[str, Stream]
    rules: Sequence[RuleFile]
    notes: Sequence[str] = ()
    """What is no failure, but strange."""


def read_folder(path: Path) -> Folder:
    """Read all files, in the order of their names; there may be none. Raises `RuleError`, which a
    `StatementError` is too."""
    streams: dict[str, Stream] = {}
    notes = []
    for file in sorted(path.glob("streams/*.sql")):
        found = read_streams(Script(_text(file), str(file)))
        if not found:
            notes.append(f"{file}: there is no CREATE STREAM in it")
        for stream in found:
            if stream.name in streams:
                other = streams[stream.name].script.path
                reason = f"the stream {stream.name!r} was made before, in {other}"
                raise stream.script.error(stream.at, reason)
            streams[stream.name] = stream
    rules: dict[str, RuleFile] = {}
    for file in sorted(path.glob("rules/*.json")):
        rule = read_rule(file, _text(file))
        if rule.id in rules:
            other = rules[rule.id].path
            raise RuleError(str(file), f"the rule {rule.id!r} was made before, in {other}")
        rules[rule.id] = rule
    return Folder(path, streams, list(rules.values()), notes)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(str(file), f"it cannot be read: {error}") from error
