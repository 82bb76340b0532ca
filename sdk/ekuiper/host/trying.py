"""One rule of a project, tried on a real eKuiper that is left as it was."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

from ..errors import RestError
from .rest import Rest
from .rest.plugins import plugins, version
from .rest.received import Received
from .rest.rules import create_stream, delete_stream, rule_errors, rule_status, streams
from .rest.trials import Trial, create_trial, delete_trial, rows_of, start_trial
from .throwaway import Rows, quietly, throwaway

__all__ = ["Try", "try_rule"]

_TYPE = re.compile(r"\bTYPE\s*=\s*\"(\w+)\"", re.IGNORECASE)
_PACE = 20  # milliseconds between recorded rows
_UNKNOWN = (404, 405)  # what a host answers to paths that it does not have


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
    sent: bool = False
    """Whether a rule shall send its rows here, also where the host has trials."""
    data_port: int = 10081
    """Where a host without trials takes rows that are recorded."""


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
        recorded = bool(mocked) and set(mocked) == set(used)
        trial = None if wanted.sent else _trial(rest, id, wanted.sql, mocked, undo)
        if trial is not None:
            return _read(trial, wanted, on_row, recorded, mocked)
        tell("a rule made for the while sends its rows to this machine")
        rule = throwaway(
            rest, id, wanted.sql, wanted.streams, mocked, port=wanted.data_port, pace=_PACE
        )
        received = undo.enter_context(rule)
        seen = _read(received, wanted, on_row, recorded, mocked)
        if not seen:
            for reason in rule_errors(rule_status(rest, id)):
                tell(f"the rule says: {reason}")
        return seen


def _trial(rest: Rest, id: str, sql: str, mocked: Rows, undo: ExitStack) -> Trial | None:
    """The rule on trial; None where the host has no such thing."""
    mock = {
        name: {"data": list(rows), "interval": _PACE, "loop": False}
        for name, rows in mocked.items()
    }
    try:
        port = create_trial(rest, {"id": id, "sql": sql, "mockSource": mock})
    except RestError as error:
        if error.status in _UNKNOWN:
            return None
        raise
    undo.callback(quietly, delete_trial, rest, id)
    trial = undo.enter_context(closing(Trial(rest, id, port)))
    start_trial(rest, id)
    return trial


def _read(
    trial: Trial | Received,
    wanted: Try,
    on_row: Callable[[dict[str, Any]], None],
    recorded: bool,
    mocked: Rows,
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
            undo.callback(quietly, delete_stream, rest, name)
        elif name not in wanted.rows:
            tell(f"stream {name} is on the host already; its rows are as it says there")
    return [name for name in used if name not in there]


def _mocked(
    rest: Rest, wanted: Try, used: list[str], made: list[str], tell: Callable[[str], None]
) -> Rows:
    """Rows in place of those that streams would give."""
    found: dict[str, Sequence[dict[str, Any]]] = {
        name: wanted.rows[name] for name in used if name in wanted.rows
    }
    candidates = [name for name in made if name in wanted.samples and name not in found]
    live = {source for each in plugins(rest) for source in each.sources} if candidates else set()
    for name in candidates:
        kind = _TYPE.search(wanted.streams[name])
        if kind is None or kind[1] not in live:
            found[name] = wanted.samples[name]
            tell(f"stream {name} gives the {len(found[name])} rows recorded beside it")
    return found
