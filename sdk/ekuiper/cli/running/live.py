"""A run as a table that is drawn again several times a second."""

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .figures import Moment, PipelineFigures
from .log import PluginLog
from .summary import print_summary
from .tables import counts, fault_lines, function_table, heading, row_table
from .texts import cell, clock, rate

__all__ = ["LiveView"]

_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 120
_SIDE_BY_SIDE = 130  # columns from which on rows and log stand beside each other
_FAULTS = 4


class LiveView:
    """Draws on a terminal, in place; the summary stays when it is over.

    `seconds` and `rows` are when the run will be over, if that is known.
    """

    every = 0.2

    def __init__(
        self, console: Console, *, seconds: float | None = None, rows: int | None = None
    ) -> None:
        self._console = console
        self._seconds = seconds
        self._limit = rows
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._history: dict[str, deque[float]] = {}
        self.gone = False

    def starting(self, plugin: str, log: PluginLog | None) -> AbstractContextManager[Any]:
        return self._console.status(_Starting(plugin, log), spinner_style="cyan")

    def note(self, text: str) -> None:
        self._console.print(Text(text, "dim"))

    def rows(self, rule: str, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def show(self, moment: Moment, log: Sequence[str]) -> None:
        for pipeline in moment.pipelines:
            history = self._history.setdefault(pipeline.rule, deque(maxlen=_HISTORY))
            history.append(pipeline.rate)
        if not self._live.is_started:
            self._live.start()
        self._live.update(self.draw(moment), refresh=True)

    def finish(self, moment: Moment, failures: Sequence[str]) -> None:
        self._live.stop()
        print_summary(self._console, moment, failures)

    def draw(self, moment: Moment) -> RenderableType:
        """One picture, made to fit the terminal's width and height."""
        width = self._console.width
        parts: list[RenderableType] = [self._head(moment), *self._progress(moment)]
        for pipeline in moment.pipelines:
            parts += [Text(), *self._pipeline(pipeline, width)]
        faults = fault_lines(moment.faults, _FAULTS)
        if faults:
            parts += [Text(), heading("errors"), *faults]
        used = sum(_height(part) for part in parts) + 2
        return Group(*parts, *self._rest(moment, self._console.height - used, width))

    def _head(self, moment: Moment) -> RenderableType:
        state = ("running", "green") if moment.alive else ("ended", "bold red")
        left = Text.assemble((moment.plugin, "bold"), "  ", state)
        left.append(f"  process {moment.pid}", "dim")
        of = f" of {clock(self._seconds)}" if self._seconds else ""
        return _both_ends(left, Text(f"{clock(moment.elapsed)}{of}   Ctrl-C ends it", "dim"))

    def _progress(self, moment: Moment) -> list[RenderableType]:
        """A bar where it is known when the run will be over."""
        done = []
        if self._seconds:
            done.append(moment.elapsed / self._seconds)
        if self._limit and moment.pipelines:
            done.append(min(pipeline.rows_out for pipeline in moment.pipelines) / self._limit)
        if not done:
            return []
        completed = min(1.0, max(done)) * 100
        return [ProgressBar(100, completed, complete_style="cyan", finished_style="green")]

    def _pipeline(self, pipeline: PipelineFigures, width: int) -> list[RenderableType]:
        title = Text(pipeline.title, "bold", no_wrap=True, overflow="ellipsis")
        speed = Text(_bars(self._history.get(pipeline.rule, ()), width // 4), "cyan")
        speed.append(f" {rate(pipeline.rate):>6}", "default").append(" rows/s", "dim")
        functions = [function_table(pipeline)] if pipeline.functions else []
        return [_both_ends(title, speed), counts(pipeline), *functions]

    def _rest(self, moment: Moment, height: int, width: int) -> list[RenderableType]:
        """Last rows and the end of the log, in the lines that are left."""
        if width >= _SIDE_BY_SIDE:
            half = width // 2
            table = Table.grid(padding=(0, 2, 0, 0))
            table.add_column(width=half)
            table.add_column(ratio=1)
            rows, log = self._rows(moment, height, half), _log(moment, height - 1)
            table.add_row(Group(*rows), Group(*log))
            return [Text(), table] if rows or log else []
        rows = self._rows(moment, (height * 3) // 5, width)
        log = _log(moment, height - sum(_height(part) for part in rows) - 2)
        return [Text(), *rows, *([Text()] if rows and log else []), *log]

    def _rows(self, moment: Moment, height: int, width: int) -> list[RenderableType]:
        filled = [pipeline for pipeline in moment.pipelines if pipeline.latest]
        if not filled:
            return []
        each = max(1, (height - 1) // len(filled) - 1)
        tables = [row_table(pipeline, min(each, 8), width) for pipeline in filled]
        return [heading("last rows"), *tables]


class _Starting:
    """What is shown before there are figures: how long it takes, and the log's last line."""

    def __init__(self, plugin: str, log: PluginLog | None) -> None:
        self._plugin = plugin
        self._log = log

    def __rich__(self) -> Text:
        text = Text.assemble("starting ", (self._plugin, "bold"), no_wrap=True, overflow="ellipsis")
        if self._log is not None:
            self._log.read()
            text.append(f"  {cell(' '.join(self._log.tail(1)))}", "dim")
        return text


def _log(moment: Moment, lines: int) -> list[RenderableType]:
    if not moment.log or lines < 1:
        return []
    shown = moment.log[-lines:]
    texts = [Text(f"  {cell(x)}", "dim", no_wrap=True, overflow="ellipsis") for x in shown]
    return [heading("log"), *texts]


def _both_ends(left: Text, right: Text) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_row(left, right)
    return table


def _bars(values: Sequence[float], width: int) -> str:
    """The values as a line of bars, the newest at the right."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[min(7, int(value / top * 7.99))] for value in shown)


def _height(part: RenderableType) -> int:
    return part.row_count if isinstance(part, Table) else 1
