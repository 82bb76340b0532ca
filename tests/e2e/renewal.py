"""What a plugin with versions did to the rows of a rule while its code was replaced."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ekuiper.runtime.supervision.asking import reload, supervisors

__all__ = ["RENEWED", "Noted", "flows", "noted", "renew", "replaced", "save"]

RENEWED = Path(__file__).parents[1] / "plugins" / "renewed"


class Noted(NamedTuple):
    """A row at the end of its rule: who collected it and when, its number, who emitted it, and
    what the function made of it, for which number."""

    collected: int
    time: float
    number: int
    emitted: int
    asked: int
    stamped: int


def noted(folder: Path) -> list[Noted]:
    """All rows so far, as the sink wrote them down."""
    if not (folder / "noted").exists():
        return []
    whole, _, _ = (folder / "noted").read_text().rpartition("\n")
    return [_noted(line) for line in whole.splitlines()]


def last(folder: Path) -> Noted | None:
    """The last of them, without reading all."""
    if not (folder / "noted").exists():
        return None
    with open(folder / "noted", "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
        lines = file.read().decode().rpartition("\n")[0].splitlines()
    return _noted(lines[-1]) if len(lines) > 1 else None


def flows(folder: Path, version: int, since: int = 0) -> int:
    """The number of the last row, if more than 300 came since that number, and it is the work of
    this version alone; else 0."""
    row = last(folder)
    if row is None or row.number <= since + 300:
        return 0
    return row.number if {row.emitted, row.stamped, row.collected} == {version} else 0


def _noted(line: str) -> Noted:
    version, time, text = line.split(" ", 2)
    found = json.loads(text)
    row = found[0] if isinstance(found, list) else found
    return Noted(int(version), float(time), row["n"], row["emitted"], *row["s"])


def save(script: Path, version: int, *, broken: bool = False) -> None:
    """Save the script as this version, as an editor does."""
    lines = script.read_text().splitlines(True)
    (at,) = (number for number, line in enumerate(lines) if line.startswith("VERSION ="))
    lines[at] = f"VERSION = {'= ' if broken else ''}{version}\n"
    other = script.with_suffix(".tmp")
    other.write_text("".join(lines))
    os.replace(other, script)


def renew(directory: str, plugin: str) -> dict[str, Any]:
    """Have the plugin of this name reloaded; what its supervisor answers."""
    (path,) = (path for path, status in supervisors(directory) if status["plugin"] == plugin)
    return reload(path, 20.0)


def replaced(rows: list[Noted], versions: list[int]) -> float:
    """Check that no row is lost, doubled or shifted, and each part of it the work of one of the
    versions, one after the other; the longest time from one row to the next."""
    assert [row.number for row in rows] == [*range(1, len(rows) + 1)]
    assert [row.asked for row in rows] == [row.number for row in rows]
    for part in ("emitted", "stamped", "collected"):
        seen = [getattr(row, part) for row in rows]
        assert sorted(set(seen)) == versions, part
        assert seen == sorted(seen), part
    return max(after.time - before.time for before, after in pairwise(rows))
