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
from .rest.plugins import version
from .rest.rules import create_stream, delete_stream, streams
from .rest.trials import Trial, create_trial, delete_trial, rows_of, start_trial

__all__ = ["Try", "try_rule"]

_PACE = 20  # milliseconds between recorded rows


@dataclass(frozen=True)
class Try:
    """What to try. `streams` are the statements that make those the rule may read; `rows` are what
    some of them give instead of what they would."""

    sql: str
    streams: Mapping[str, str]
    rows: Mapping[str, Sequence[dict[str, Any]]]
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
        used = _make_streams(rest, wanted, undo, tell)
        mocked = {name: rows for name, rows in wanted.rows.items() if name in used}
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


def _make_streams(
    rest: Rest, wanted: Try, undo: ExitStack, tell: Callable[[str], None]
) -> list[str]:
    """The project's streams that the rule reads; those missing are made, until `undo`."""
    used = [name for name in wanted.streams if re.search(rf"\b{re.escape(name)}\b", wanted.sql)]
    there = streams(rest)
    for name in used:
        if name in there:
            if name not in wanted.rows:
                tell(f"stream {name} is there already: rows come as it says on the host")
            continue
        create_stream(rest, wanted.streams[name])
        undo.callback(_quietly, delete_stream, rest, name)
    return used


def _quietly(remove: Callable[[Rest, str], None], rest: Rest, name: str) -> None:
    try:
        remove(rest, name)
    except HostError:
        pass  # what went wrong before is told; it is gone when the host is
