"""A run as JSON, one object per line, for programs."""

import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ...host.embedded.counters import Fault
from ..shared.jsontext import json_line
from .figures import FunctionFigures, Moment, Notice, PipelineFigures
from .log import PluginLog
from .view import NewFaults

__all__ = ["JsonView"]


class JsonView:
    """Objects with a `type`: "row" for each that came out, "stats" per pipeline each second,
    "error" for each new mistake, "log" for what a log action logs, "saved" for files with
    --watch (saved or deleted), and "summary" at the end. Times are seconds, rates per second. The
    plugin's own lines go to stderr."""

    every = 1.0

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._new_faults = NewFaults()
        self.gone = False

    def starting(self, plugin: str, log: PluginLog | None) -> AbstractContextManager[Any]:
        return nullcontext()

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)

    def anew(self) -> AbstractContextManager[Any]:
        return self._lock

    def changed(self, notice: Notice) -> None:
        self._new_faults = NewFaults()
        self._write(
            {
                "type": "saved",
                "at": notice.at,
                "files": list(notice.files),
                "deleted": list(notice.deleted),
                "ok": notice.error is None,
                "error": notice.error,
                "text": notice.text,
            }
        )

    def rows(self, rule: str, rows: Sequence[dict[str, Any]]) -> None:
        self._write(*({"type": "row", "rule": rule, "row": row} for row in rows))

    def logged(self, rule: str, text: str) -> None:
        self._write({"type": "log", "rule": rule, "text": text})

    def log(self, lines: Sequence[str]) -> None:
        for line in lines:
            print(line, file=sys.stderr)

    def show(self, moment: Moment) -> None:
        self._tell_faults(moment)
        elapsed = round(moment.elapsed, 3)
        self._write(
            *({"type": "stats", "elapsed": elapsed, **_figures(each)} for each in moment.pipelines)
        )

    def finish(self, moment: Moment, failures: Sequence[str]) -> None:
        self._tell_faults(moment)
        summary = {
            "type": "summary",
            "ok": not failures,
            "failures": list(failures),
            "plugin": moment.plugin,
            "elapsed": round(moment.elapsed, 3),
            "pipelines": [_figures(pipeline) for pipeline in moment.pipelines],
            "errors": [_fault(fault) for fault in moment.faults],
        }
        if moment.log:
            summary["log"] = list(moment.log)
        self._write(summary)

    def _tell_faults(self, moment: Moment) -> None:
        for fault in self._new_faults.of(moment):
            self._write({"type": "error", **_fault(fault)})

    def _write(self, *objects: dict[str, Any]) -> None:
        text = "".join(f"{json_line(each)}\n" for each in objects)
        with self._lock:
            try:
                sys.stdout.write(text)
                sys.stdout.flush()
            except BrokenPipeError:
                self.gone = True


def _figures(pipeline: PipelineFigures) -> dict[str, Any]:
    return {
        "rule": pipeline.rule,
        "pipeline": pipeline.title,
        "rows_in": pipeline.rows_in,
        "rows_out": pipeline.rows_out,
        "rows_per_second": round(pipeline.rate, 3),
        "dropped": pipeline.dropped,
        "waiting": pipeline.waiting,
        "errors": pipeline.errors,
        "hints": list(pipeline.hints),
        "functions": [_function(function) for function in pipeline.functions],
    }


def _function(function: FunctionFigures) -> dict[str, Any]:
    return {
        "call": function.text,
        "calls": function.calls,
        "calls_per_second": round(function.rate, 3),
        "p50": function.p50,
        "p99": function.p99,
        "errors": function.errors,
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "where": fault.where,
        "text": fault.text,
        "location": fault.location or None,
        "count": fault.count,
    }
