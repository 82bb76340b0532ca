"""A run as a table that is drawn again several times a second."""

import time
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..shared.faults import fault_lines, heading
from ..shared.texts import cell, clock, rate
from .figures import Moment, Notice
from .log import PluginLog, shortened
from .summary import print_summary
from .tables import counts, function_table, hint_lines, row_table

__all__ = ["LiveView"]

_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 120
_SIDE_BY_SIDE = 130  # columns from which on errors and log stand beside the rest
_FAULTS = 4
_ROWS = 8


class LiveView:
    """Draws on a terminal, in place; the summary stays when it is over.

    `seconds` and `rows` are when the run will be over, if that is known; with `watched` it goes on
    when a file is saved.
    """

    every = 0.2

    def __init__(
        self,
        console: Console,
        *,
        seconds: float | None = None,
        rows: int | None = None,
        watched: bool = False,
    ) -> None:
        self._console = console
        self._seconds = seconds
        self._limit = rows
        self._watched = watched
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._history: dict[str, deque[float]] = {}
        self.gone = False

    def starting(self, plugin: str, log: PluginLog | None) -> AbstractContextManager[Any]:
        return self._console.status(_Starting(plugin, log), spinner_style="cyan")

    def note(self, text: str) -> None:
        self._console.print(Text(text, "dim"))

    def anew(self) -> AbstractContextManager[Any]:
        return nullcontext()  # rows are drawn with the next moment

    def changed(self, notice: Notice) -> None:
        pass  # drawn with the moment

    def rows(self, rule: str, rows: Sequence[dict[str, Any]]) -> None:
        pass  # the last ones are drawn

    def logged(self, rule: str, text: str) -> None:
        pass  # the rows themselves are shown

    def log(self, lines: Sequence[str]) -> None:
        pass  # what of it fits is drawn

    def show(self, moment: Moment) -> None:
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
        height = self._console.height - 1
        head: list[RenderableType] = [self._head(moment), *self._progress(moment)]
        head += self._notice(moment.notice)
        height -= _height(head)
        if width >= _SIDE_BY_SIDE:
            half = width // 2
            left = self._pipelines(moment, half)
            left += _rows(moment, height - _height(left), half)
            right = _faults(moment)
            right += _log(moment, height - _height(right))
            return Group(*head, _columns(left, right))
        parts = [*self._pipelines(moment, width), *_faults(moment)]
        height -= _height(parts)
        rows = _rows(moment, height - min(height // 3, 8), width)
        return Group(*head, *parts, *rows, *_log(moment, height - _height(rows)))

    def _head(self, moment: Moment) -> RenderableType:
        state = ("running", "green") if moment.alive else ("ended", "bold red")
        if self._watched and not moment.alive:
            state = ("waits for the next save", "bold yellow")
        left = Text.assemble((moment.plugin, "bold"), "  ", state)
        if moment.alive:
            left.append(f"  process {moment.pid}", "dim")
        if moment.alive and self._watched:
            left.append("  a save restarts it", "dim")
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
        bar = Table.grid(expand=True)
        bar.add_row(ProgressBar(100, completed, style="bright_black", complete_style="cyan"))
        return [bar]

    def _notice(self, notice: Notice | None) -> list[RenderableType]:
        """What came of the last save, as far as three lines go."""
        if notice is None:
            return []
        wrong = notice.error is not None
        text = Text.assemble(("✗ ", "bold red") if wrong else ("↻ ", "bold green"))
        text.append(f"{notice.at}  ", "dim").append(cell(notice.whole), "red" if wrong else "green")
        return [Text(), *text.wrap(self._console, self._console.width)[:3]]

    def _pipelines(self, moment: Moment, width: int) -> list[RenderableType]:
        parts: list[RenderableType] = []
        for pipeline in moment.pipelines:
            title = Text(pipeline.title, "bold", no_wrap=True, overflow="ellipsis")
            speed = Text(_bars(self._history.get(pipeline.rule, ()), width // 4), "cyan")
            speed.append(f" {rate(pipeline.rate):>6}", "default").append(" rows/s", "dim")
            parts += [Text(), _both_ends(title, speed), counts(pipeline)]
            parts += hint_lines(pipeline)
            if pipeline.functions:
                parts.append(function_table(pipeline))
        return parts


class _Starting:
    """What is shown before there are figures: how long it takes, and the log's last line."""

    def __init__(self, plugin: str, log: PluginLog | None) -> None:
        self._plugin = plugin
        self._log = log
        self._began = time.monotonic()

    def __rich__(self) -> Text:
        text = Text.assemble("starting ", (self._plugin, "bold"), no_wrap=True, overflow="ellipsis")
        text.append(f"  {time.monotonic() - self._began:.0f} s", "dim")
        if self._log is not None:
            self._log.read()
            text.append(f"  {cell(' '.join(self._log.tail(1)))}", "dim")
        return text


def _faults(moment: Moment) -> list[RenderableType]:
    lines = fault_lines(moment.faults, _FAULTS)
    return [Text(), heading("errors"), *lines] if lines else []


def _rows(moment: Moment, height: int, width: int) -> list[RenderableType]:
    """The last rows of each pipeline, as many as there is room for."""
    filled = [pipeline for pipeline in moment.pipelines if pipeline.latest]
    most = min(_ROWS, height // len(filled) - 3) if filled else 0
    if most < 1:
        return []
    parts: list[RenderableType] = []
    for pipeline in filled:
        of = f" of {pipeline.title}" if len(moment.pipelines) > 1 else ""
        title = Text.assemble(("last rows", "bold"), (of, "dim"), no_wrap=True, overflow="ellipsis")
        parts += [Text(), title, row_table(pipeline, most, width)]
    return parts


def _log(moment: Moment, height: int) -> list[RenderableType]:
    """The end of the log."""
    lines = moment.log[-(height - 2) :] if height > 2 else ()
    shown = (shortened(line, moment.plugin) for line in lines)
    texts = [Text(f"  {cell(x)}", _style(x), no_wrap=True, overflow="ellipsis") for x in shown]
    return [Text(), heading("log"), *texts] if texts else []


def _style(line: str) -> str:
    return "red" if " ERROR " in line or " CRITICAL " in line else "dim"


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


def _columns(left: list[RenderableType], right: list[RenderableType]) -> Table:
    table = Table.grid(padding=(0, 4, 0, 0), expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    table.add_row(Group(*left), Group(*right))
    return table


def _height(parts: Sequence[RenderableType]) -> int:
    return sum(part.row_count if isinstance(part, Table) else 1 for part in parts)
