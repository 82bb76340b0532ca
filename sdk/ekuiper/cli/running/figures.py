"""What a run looks like at one moment: the numbers that all views show."""

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from ...host.embedded import Pipeline
from ...host.embedded.counters import Fault, FunctionCounters
from ...host.embedded.rules import RunningRule

__all__ = ["FunctionFigures", "Moment", "Notice", "PipelineFigures", "PipelineMeter"]

_RECENT = 2.0  # seconds over which a rate is taken,
_FEW = 3  # unless fewer than these came: then over more, so that windows have rates, too,
_LONGEST = 20.0  # but no more than these
_LATE = 1.5  # mean pauses after which nothing more is expected
_LATEST = 8  # rows


@dataclass(frozen=True)
class FunctionFigures:
    """One function call; times are seconds, None before the first call."""

    text: str
    calls: int
    rate: float
    p50: float | None
    p99: float | None
    errors: int


@dataclass(frozen=True)
class PipelineFigures:
    """One pipeline; rates are per second."""

    rule: str
    title: str
    rows_in: int
    rows_out: int
    rate: float
    dropped: int
    waiting: int
    errors: int
    functions: tuple[FunctionFigures, ...]
    results: tuple[str, ...]
    """The columns that functions fill."""
    faults: tuple[Fault, ...]
    latest: tuple[dict[str, Any], ...]
    hints: tuple[str, ...] = ()
    """What is no error, but strange."""


@dataclass(frozen=True)
class Notice:
    """What came of files that were saved; `error` is why the plugin, as saved, does not run."""

    files: tuple[str, ...]
    text: str
    error: str | None
    at: str
    """When, as 12:34:56."""
    deleted: tuple[str, ...] = ()
    """Those of the files that are there no more."""

    @property
    def saved(self) -> tuple[str, ...]:
        """Those that are."""
        return tuple(name for name in self.files if name not in self.deleted)

    @property
    def whole(self) -> str:
        """All of it, on one line."""
        done = ((self.saved, "saved"), (self.deleted, "deleted"))
        told = ", ".join(f"{', '.join(names)} {what}" for names, what in done if names)
        wrong = f"{self.error}; " if self.error is not None else ""
        return f"{f'{told}: ' if told else ''}{wrong}{self.text}"


@dataclass(frozen=True)
class Moment:
    """Everything there is to show."""

    plugin: str
    pid: int | None
    alive: bool
    elapsed: float
    """Seconds since rows could flow."""
    pipelines: tuple[PipelineFigures, ...]
    log_faults: tuple[Fault, ...]
    """Errors that only the plugin's log tells of."""
    log: tuple[str, ...]
    notice: Notice | None = None
    """The last one, where files are watched."""
    rules_are_wrong: bool = False
    """Whether rule files are to blame for a run that did not begin, not the plugin."""

    @property
    def faults(self) -> list[Fault]:
        """All mistakes, same ones of several pipelines as one, the latest at the end."""
        found: dict[tuple[str, str], Fault] = {}
        own = (fault for pipeline in self.pipelines for fault in pipeline.faults)
        for fault in sorted([*own, *self.log_faults], key=lambda fault: fault.last):
            same = found.pop(fault.kind, None)
            times = fault.count + same.count if same is not None else fault.count
            found[fault.kind] = replace(fault, count=times)
        return list(found.values())

    @property
    def errors(self) -> int:
        """How many errors, each counted."""
        logged = sum(fault.count for fault in self.log_faults)
        return sum(pipeline.errors for pipeline in self.pipelines) + logged


class _Rate:
    """How fast a count grew lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def update(self, now: float, count: int) -> float:
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _LONGEST:
            self._seen.popleft()
        before, counted = self._seen[0]
        enough: int | None = None
        for then, had in reversed(self._seen):
            if enough is not None and had != enough:
                break  # from right after what came before those: in between, nothing came
            if now - then >= _RECENT and count - had >= _FEW:
                before, counted = then, had
                enough = had
        came = count - counted
        until = next(then for then, had in self._seen if had == count)
        if came and now - until > _LATE * (until - before) / came:
            until = now  # the next one is overdue
        return came / (until - before) if until > before else 0.0


class PipelineMeter:
    """Reads the counters of one pipeline, or of one rule file's rule; for one thread."""

    def __init__(
        self, pipeline: Pipeline | RunningRule, rule: str, title: str, results: tuple[str, ...]
    ) -> None:
        self.pipeline = pipeline
        self._rule = rule
        self._title = title
        self._results = results
        self._rows = _Rate()
        self._calls = [_Rate() for _ in pipeline.counters.functions]

    def read(self, *, over: float | None = None) -> PipelineFigures:
        """The figures now; rates are recent ones, or those over all of `over` seconds."""
        counters = self.pipeline.counters
        now = time.monotonic()
        rate = self._rows.update(now, counters.rows_out)
        return PipelineFigures(
            rule=self._rule,
            title=self._title,
            rows_in=counters.rows_in,
            rows_out=counters.rows_out,
            rate=rate if over is None else counters.rows_out / over,
            dropped=counters.dropped,
            waiting=self.pipeline.waiting,
            errors=counters.errors,
            functions=tuple(
                _function(function, meter.update(now, function.calls), over)
                for function, meter in zip(counters.functions, self._calls, strict=True)
            ),
            results=self._results,
            faults=tuple(counters.faults.list()),
            latest=tuple(self.pipeline.latest(_LATEST)),
            hints=tuple(self.pipeline.hints if isinstance(self.pipeline, RunningRule) else ()),
        )


def _function(function: FunctionCounters, rate: float, over: float | None) -> FunctionFigures:
    return FunctionFigures(
        text=function.text,
        calls=function.calls,
        rate=rate if over is None else function.calls / over,
        p50=function.latency.p50,
        p99=function.latency.p99,
        errors=function.errors,
    )
