"""One run: the plugin's process, its pipelines, and how they ended."""

import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from ...bundle.manifest import Manifest
from ...errors import EkuiperError
from ...host.embedded import Host, Pipeline, Settings
from ...host.embedded.counters import location
from ...host.embedded.process import PluginProcess
from ...host.embedded.rules import Rules
from ...protocol.addresses import Addresses
from ...transport import Transport
from ..shared.hints import hint
from ..shared.rows import read_rows
from ..shared.texts import times
from .figures import Moment, PipelineFigures, PipelineMeter
from .log import PluginLog
from .options import Wanted
from .rulefiles import RulePlan, rule_meter, start_rules
from .view import View

__all__ = ["Plan", "Session"]

_LOOK = 0.1  # seconds between two looks at the process
_LOG = 100  # lines of the plugin's log that views get


@dataclass(frozen=True)
class Plan:
    """What to run, checked; `seconds` and `count` are when it is over."""

    folder: Path
    manifest: Manifest
    python: str
    pipelines: tuple[Wanted, ...]
    config: dict[str, dict[str, Any]]
    seconds: float | None = None
    count: int | None = None
    debug: bool = False
    rules: RulePlan | None = None
    """eKuiper's own files, to run in place of pipelines."""
    ekuiper: str = "2.4"
    """The version to play."""


class Session:
    """Runs a plan once, on the main thread, and shows it.

    The plugin's output goes to the file `log`; where that is None, to this terminal.
    """

    def __init__(self, plan: Plan, view: View, log: Path | None) -> None:
        self._plan = plan
        self._view = view
        self._path = log
        self._log = PluginLog(log) if log is not None else None
        self._process: PluginProcess | None = None
        self._host = Host(plan.manifest, settings=_settings(plan), launcher=self._launcher)
        self._meters: list[PipelineMeter] = []
        self._rules: Rules | None = None
        self._failures: list[str] = []
        self._refused = False
        self._log_is_telling = True
        self._began: float | None = None
        self._elapsed = 0.0

    def run(self) -> list[str]:
        """Run until it is over or interrupted; returns what failed, which was shown."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP, rightly
                signal.signal(number, _interrupt)
        try:
            self._run()
            self._end()
        finally:
            self._host.close()
        self._finish()
        return self._failures

    def _run(self) -> None:
        try:
            with self._view.starting(self._plan.manifest.name, self._log):
                self._start()
            self._watch()
        except KeyboardInterrupt:
            if self._began is None:
                self._failures.append("interrupted before it had started")
        except EkuiperError as error:
            self._refused = True
            self._log_is_telling = not self._alive and not self._brings_log(error)
            cause = hint(self._plan.folder, self._plan.manifest, str(error))
            self._failures.append(f"{error}{cause}")

    def _start(self) -> None:
        self._host.start()
        if self._plan.rules is not None:
            self._rules = start_rules(
                self._plan.rules,
                self._host,
                self._view,
                config=self._plan.config,
                limit=self._plan.count,
            )
            self._meters = [rule_meter(each) for each in self._rules.running]
            return
        for position, wanted in enumerate(self._plan.pipelines):
            rule = f"rule{position + 1}"
            pipeline = self._pipeline(rule, wanted)
            columns = tuple(call.column for call in wanted.functions)
            pipeline.start()
            self._meters.append(PipelineMeter(pipeline, rule, wanted.title, columns))

    def _pipeline(self, rule: str, wanted: Wanted) -> Pipeline:
        return Pipeline(
            self._host,
            source=wanted.source,
            rows=read_rows(wanted.rows) if wanted.rows is not None else None,
            functions=wanted.functions,
            window=wanted.window,
            sinks=wanted.sinks,
            rule=rule,
            config=self._plan.config,
            limit=self._plan.count,
            on_rows=partial(self._view.rows, rule),
            keep=20,
        )

    def _watch(self) -> None:
        """Show the run until it is over."""
        self._began = time.monotonic()
        due = self._began + self._view.every
        while not self._over():
            now = time.monotonic()
            if now >= due:
                self._show()
                due = max(now, due + self._view.every)
            self._pause(due)
        if not self._alive:
            self._failures.append(f"the plugin ended by itself, {self._exit()}")

    def _over(self) -> bool:
        assert self._began is not None
        self._elapsed = time.monotonic() - self._began
        ended = all(meter.pipeline.ended for meter in self._meters)
        late = self._plan.seconds is not None and self._elapsed >= self._plan.seconds
        return ended or late or self._view.gone or not self._alive

    def _pause(self, due: float) -> None:
        """Until something is due, or the first pipeline that still runs has ended."""
        running = next((x.pipeline for x in self._meters if not x.pipeline.ended), None)
        wait = max(0.0, min(_LOOK, due - time.monotonic()))
        if running is not None:
            running.wait(wait)

    def _show(self) -> None:
        self._read_log()
        self._view.show(self._moment())

    def _read_log(self) -> None:
        if self._log is not None:
            self._view.log(self._log.read())

    def _brings_log(self, error: EkuiperError) -> bool:
        self._read_log()
        return self._log is None or all(line in str(error) for line in self._log.tail(1))

    def _end(self) -> None:
        """Stop the pipelines, so that nothing that came out is lost on its way to a sink."""
        if not self._alive:
            self._host.close()  # frees calls that wait for a dead plugin
        try:
            if self._rules is not None:
                self._rules.stop()
            for meter in self._meters:
                meter.pipeline.stop()
        except KeyboardInterrupt:
            self._failures.append("interrupted a second time, before all was stopped")
        if not self._refused:
            self._failures += [text for meter in self._meters for text in _nothing(meter.read())]

    def _finish(self) -> None:
        self._read_log()
        moment = self._moment(over=self._elapsed or None)
        if not self._failures or not self._log_is_telling:
            moment = replace(moment, log=())
        if self._refused:
            moment = replace(moment, log_faults=())  # the same once more
        elif moment.errors:
            self._failures.insert(0, times(moment.errors, "error"))
        self._view.finish(moment, self._failures)

    def _moment(self, over: float | None = None) -> Moment:
        if over is None and self._began is not None:
            self._elapsed = time.monotonic() - self._began
        pipelines = tuple(meter.read(over=over) for meter in self._meters)
        known = {fault.location for each in pipelines for fault in each.faults}
        known = {*known, *map(location, self._failures)} - {""}
        return Moment(
            plugin=self._plan.manifest.name,
            pid=self._process.pid if self._process is not None else None,
            alive=self._alive,
            elapsed=self._elapsed,
            pipelines=pipelines,
            log_faults=self._log.faults(known) if self._log is not None else (),
            log=self._log.tail(_LOG) if self._log is not None else (),
        )

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._process.alive

    def _exit(self) -> str:
        code = self._process.exit_code if self._process is not None else None
        if code is not None and code < 0:
            return f"by {signal.Signals(-code).name}"
        return f"with exit code {code}"

    def _launcher(self, transport: Transport, addresses: Addresses) -> PluginProcess:
        self._process = PluginProcess(
            self._plan.folder,
            self._plan.manifest,
            settings=self._host.settings,
            log=self._path,
            env={"EKUIPER_SOCKET_DIR": addresses.directory},
            stdin=self._plan.debug,
        )
        return self._process


def _settings(plan: Plan) -> Settings:
    if not plan.debug:
        return Settings.profile(plan.ekuiper, python=plan.python)
    return Settings.profile(
        plan.ekuiper,
        python=plan.python,
        init_timeout=None,
        send_timeout=None,
        recv_timeout=None,
        control_timeout=None,
        discard_when_full=False,
    )


def _nothing(figures: PipelineFigures) -> list[str]:
    """Why no row came out, if none did."""
    if figures.rows_out or figures.errors:
        return []
    if not figures.rows_in:
        return [f"nothing came in at {figures.title}"]
    waiting = f"; {times(figures.waiting, 'row')} waited" if figures.waiting else ""
    return [f"nothing came out of {figures.title}{waiting}"]


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
