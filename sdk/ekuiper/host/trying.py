"""One rule of a project, tried on a real eKuiper that is left as it was."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

from ..errors import HostError
from .rest import Rest
from .rest.plugins import plugins, version
from .rest.rules import create_stream, delete_stream, streams
from .rest.trials import Trial, create_trial, delete_trial, rows_of, start_trial

__all__ = ["Try", "try_rule"]

_TYPE = re.compile(r"\bTYPE\s*=\s*\"(\w+)\"", re.IGNORECASE)
_PACE = 20  # milliseconds between recorded rows


@dataclass(frozen=True)
class Try:
    """What to try. `streams` are the statements that make those the rule may read; `rows` are what
    some of them give instead of what they would, and `samples` what they give where the host has
    neither the stream nor a plugin with its source."""

    sql: str
    streams: Mapping[str, str]
    rows: Mapping[str, Sequence[dict[str, Any]]]
    samples: Mapping[str, Sequence[dict[str, Any]]]
    seconds: float
    count: int | None = None
    quiet: float = field(default=2.0)
    """Seconds without a row after which rows that are all recorded have passed."""


def try_rule(
    rest: Rest, wanted: Try, on_row: Callable[[dict[str, Any]], None], tell: Callable[[str], None]
) -> int:
    """Run it, calling `on_row` for each row that comes; returns how many came. Streams that the
    host has not are made for the while. Raises `HostError`."""
    version(rest)
    id = f"ekuiper_try_{uuid.uuid4().hex[:8]}"
    with ExitStack() as undo:
        used = _used(wanted)
        made = _make_streams(rest, wanted, used, undo, tell)
        mocked = _mocked(rest, wanted, used, made, tell)
        mock = {
            name: {"data": list(rows), "interval": _PACE, "loop": False}
            for name, rows in mocked.items()
        }
        port = create_trial(rest, {"id": id, "sql": wanted.sql, "mockSource": mock})
        undo.callback(_quietly, delete_trial, rest, id)
        trial = undo.enter_context(closing(Trial(rest, id, port)))
        start_trial(rest, id)
        recorded = bool(mocked) and set(mocked) == set(used)
        return _read(trial, wanted, on_row, recorded, mocked)


def _read(
    trial: Trial,
    wanted: Try,
    on_row: Callable[[dict[str, Any]], None],
    recorded: bool,
    mocked: Mapping[str, Sequence[dict[str, Any]]],
) -> int:
    """Recorded rows need so long as they are many; what is live needs its time."""
    passing = max(map(len, mocked.values()), default=0) * _PACE / 1000
    quiet = passing + wanted.quiet if recorded else wanted.seconds
    seen = 0
    for message in trial.rows(quiet, time.monotonic() + wanted.seconds):
        for row in rows_of(message):
            on_row(row)
            seen += 1
            if seen == wanted.count:
                return seen
    return seen


def _used(wanted: Try) -> list[str]:
    """The project's streams that the rule reads."""
    return [name for name in wanted.streams if re.search(rf"\b{re.escape(name)}\b", wanted.sql)]


def _make_streams(
    rest: Rest, wanted: Try, used: list[str], undo: ExitStack, tell: Callable[[str], None]
) -> list[str]:
    """Those that the host has not are made, until `undo`; returns them."""
    there = streams(rest)
    for name in used:
        if name not in there:
            create_stream(rest, wanted.streams[name])
            undo.callback(_quietly, delete_stream, rest, name)
        elif name not in wanted.rows:
            tell(f"stream {name} is on the host already; its rows are as it says there")
    return [name for name in used if name not in there]


def _mocked(
    rest: Rest, wanted: Try, used: list[str], made: list[str], tell: Callable[[str], None]
) -> dict[str, Sequence[dict[str, Any]]]:
    """Rows in place of those that streams would give."""
    found = {name: wanted.rows[name] for name in used if name in wanted.rows}
    candidates = [name for name in made if name in wanted.samples and name not in found]
    live = {source for each in plugins(rest) for source in each.sources} if candidates else set()
    for name in candidates:
        kind = _TYPE.search(wanted.streams[name])
        if kind is None or kind[1] not in live:
            found[name] = wanted.samples[name]
            tell(f"stream {name} gives the {len(found[name])} rows recorded beside it")
    return found


def _quietly(remove: Callable[[Rest, str], None], rest: Rest, name: str) -> None:
    try:
        remove(rest, name)
    except HostError:
        pass  # what went wrong before is told; it is gone when the host is
