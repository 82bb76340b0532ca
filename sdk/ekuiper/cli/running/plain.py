"""A run as lines of text: a line a second, for logs and pipes."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console

from ..shared.texts import clock, count, duration, rate
from .figures import Moment, Notice, PipelineFigures
from .log import PluginLog
from .summary import print_summary
from .view import NewFaults

__all__ = ["DebugView", "PlainView"]


class PlainView:
    """Prints a line per pipeline each second. The plugin's own lines go to stderr."""

    every = 1.0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._new_faults = NewFaults()
        self.gone = False

    def starting(self, plugin: str, log: PluginLog | None) -> AbstractContextManager[Any]:
        return nullcontext()

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)

    def anew(self) -> AbstractContextManager[Any]:
        return nullcontext()  # rows are not shown

    def changed(self, notice: Notice) -> None:
        self._new_faults = NewFaults()
        kind = "saved" if notice.saved or not notice.deleted else "deleted"
        self.say(f"{notice.at}  {'error' if notice.error is not None else kind}  {notice.whole}")

    def rows(self, rule: str, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def logged(self, rule: str, text: str) -> None:
        print(f"{rule}: {text}", file=sys.stderr)

    def log(self, lines: Sequence[str]) -> None:
        for line in lines:
            print(line, file=sys.stderr)

    def show(self, moment: Moment) -> None:
        self.tell_faults(moment)
        for pipeline in moment.pipelines:
            self.say(f"{clock(moment.elapsed):>5}  {_line(pipeline)}")

    def finish(self, moment: Moment, failures: Sequence[str]) -> None:
        self.tell_faults(moment)
        try:
            print_summary(self._console, moment, failures)
        except BrokenPipeError:
            self.gone = True

    def tell_faults(self, moment: Moment) -> None:
        """Print mistakes that are new."""
        for fault in self._new_faults.of(moment):
            self.say(f"error  {fault.where}: {fault.text}")

    def say(self, line: str) -> None:
        """Print one line."""
        try:
            print(line, flush=True)
        except BrokenPipeError:
            self.gone = True


class DebugView(PlainView):
    """Keeps quiet, so that the terminal is the debugger's: only new mistakes and the summary."""

    every = 0.2

    def show(self, moment: Moment) -> None:
        self.tell_faults(moment)


def _line(pipeline: PipelineFigures) -> str:
    parts = [
        pipeline.title,
        f"in {count(pipeline.rows_in)}",
        f"out {count(pipeline.rows_out)}",
        f"{rate(pipeline.rate)} rows/s",
        f"dropped {count(pipeline.dropped)}",
        f"errors {count(pipeline.errors)}",
    ]
    parts += [
        f"{function.text}: {rate(function.rate)} calls/s "
        f"p50 {duration(function.p50)} p99 {duration(function.p99)}"
        for function in pipeline.functions
    ]
    return "  ".join(parts)
