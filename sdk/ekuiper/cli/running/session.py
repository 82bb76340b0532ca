"""One run: the plugin's process, its pipelines, and how they ended."""

import time
from dataclasses import replace
from pathlib import Path

from ...errors import EkuiperError
from ...host.embedded.counters import location
from ...host.embedded.rules import RuleError
from ..shared.hints import hint
from ..shared.texts import times
from .figures import Moment, Notice, PipelineFigures
from .log import PluginLog
from .plan import Plan
from .view import View
from .work import Work

__all__ = ["Plan", "Session"]

_LOOK = 0.1  # seconds between two looks at the process
_LOG = 100  # lines of the plugin's log that views get


class Session:
    """Runs a plan once, on the main thread, and shows it.

    The plugin's output goes to the file `log`; where that is None, to this terminal.
    """

    def __init__(self, plan: Plan, view: View, log: Path | None) -> None:
        self.plan = plan
        self.view = view
        self.path = log
        self.log = PluginLog(log) if log is not None else None
        self.work = Work(plan, view, log)
        self.notice: Notice | None = None
        self._failures: list[str] = []
        self._refused = False
        self._rules_are_wrong = False
        self._log_is_telling = True
        self._began: float | None = None
        self._elapsed = 0.0
        self._uncounted = 0.0  # seconds before the counters of now began

    def run(self) -> list[str]:
        """Run until it is over or interrupted; returns what failed, which was shown."""
        try:
            self._run()
            self._end()
        finally:
            self.work.close()
        self._finish()
        return self._failures

    def begin(self) -> None:
        """Start the plugin and its pipelines. Raises `EkuiperError`."""
        with self.view.starting(self.plan.manifest.name, self.log):
            self.work.start()

    def look(self) -> None:
        """Called several times a second while it runs."""

    def count_anew(self) -> None:
        """The counters are new ones: rates are over the time from now on."""
        if self._began is not None:
            self._uncounted = time.monotonic() - self._began

    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.work.ended or not self.work.alive

    def verdict(self) -> list[str]:
        """What failed, beside errors and pipelines out of which nothing came."""
        return [] if self.work.alive else [f"the plugin ended by itself, {self.work.exit}"]

    def interrupted(self) -> list[str]:
        """What failed, when Ctrl-C ended it."""
        return ["interrupted before it had started"] if self._began is None else []

    def _run(self) -> None:
        try:
            self.begin()
            self._watch()
            self._failures += self.verdict()
        except KeyboardInterrupt:
            self._failures += self.interrupted()
        except EkuiperError as error:
            self._refused = True
            self._rules_are_wrong = isinstance(error, RuleError)
            self._log_is_telling = not self.work.alive and not self._brings_log(error)
            cause = hint(self.plan.folder, self.plan.manifest, str(error))
            self._failures.append(f"{error}{cause}")

    def _watch(self) -> None:
        """Show the run until it is over."""
        self._began = time.monotonic()
        due = self._began + self.view.every
        while not self._over():
            self.look()
            now = time.monotonic()
            if now >= due:
                self._show()
                due = max(now, due + self.view.every)
            self._pause(due)
        if time.monotonic() >= due:
            self._show()

    def _over(self) -> bool:
        assert self._began is not None
        self._elapsed = time.monotonic() - self._began
        late = self.plan.seconds is not None and self._elapsed >= self.plan.seconds
        return late or self.view.gone or self.done()

    def _pause(self, due: float) -> None:
        """Until something is due, or the first pipeline that still runs has ended."""
        running = next((x.pipeline for x in self.work.meters if not x.pipeline.ended), None)
        wait = max(0.0, min(_LOOK, due - time.monotonic()))
        if running is not None:
            running.wait(wait)
        else:
            time.sleep(wait)

    def _show(self) -> None:
        self.read_log()
        self.view.show(self._moment())

    def read_log(self) -> None:
        """Pass on what the plugin wrote since the last time."""
        if self.log is not None:
            self.view.log(self.log.read())

    def _brings_log(self, error: EkuiperError) -> bool:
        self.read_log()
        return self.log is None or all(line in str(error) for line in self.log.tail(1))

    def _end(self) -> None:
        try:
            self.work.stop()
        except KeyboardInterrupt:
            self._failures.append("interrupted a second time, before all was stopped")
        if not self._refused:
            figures = [meter.read() for meter in self.work.meters]
            self._failures += [text for each in figures for text in _nothing(each)]

    def _finish(self) -> None:
        self.read_log()
        moment = self._moment(over=self._elapsed - self._uncounted or None)
        if not self._failures or not self._log_is_telling:
            moment = replace(moment, log=())
        if self._refused:
            moment = replace(moment, log_faults=())  # the same once more
        elif moment.errors:
            self._failures.insert(0, times(moment.errors, "error"))
        self.view.finish(moment, self._failures)

    def _moment(self, over: float | None = None) -> Moment:
        if over is None and self._began is not None:
            self._elapsed = time.monotonic() - self._began
        pipelines = tuple(meter.read(over=over) for meter in self.work.meters)
        known = {fault.location for each in pipelines for fault in each.faults}
        known = {*known, *map(location, self._failures)} - {""}
        return Moment(
            plugin=self.plan.manifest.name,
            pid=self.work.pid,
            alive=self.work.alive,
            elapsed=self._elapsed,
            pipelines=pipelines,
            log_faults=self.log.faults(known) if self.log is not None else (),
            log=self.log.tail(_LOG) if self.log is not None else (),
            notice=self.notice,
            rules_are_wrong=self._rules_are_wrong,
        )


def _nothing(figures: PipelineFigures) -> list[str]:
    """Why no row came out, if none did."""
    if figures.rows_out or figures.errors:
        return []
    if not figures.rows_in:
        return [f"nothing came in at {figures.title}"]
    waiting = f"; {times(figures.waiting, 'row')} waited" if figures.waiting else ""
    return [f"nothing came out of {figures.title}{waiting}"]
