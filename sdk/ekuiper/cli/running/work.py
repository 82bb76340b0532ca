"""The plugin's process and what runs on it, from one start to one stop."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import EkuiperError
from ...host.embedded import Host, Pipeline, Settings
from ...host.embedded.process import PluginProcess
from ...host.embedded.rules import Rules
from ...protocol.addresses import Addresses
from ...runtime.supervision.asking import reload, supervisors
from ...transport import Transport
from ..shared.rows import read_rows
from .figures import PipelineMeter
from .options import Wanted
from .plan import Plan
from .rulefiles import rule_meter, rules_of
from .view import View

__all__ = ["Work"]

_RELOAD_TIMEOUT = 60.0  # seconds; whoever imports for longer is started again


class Work:
    """Does what a plan says; for the main thread.

    The plugin's output goes to the file `log`; where that is None, to this terminal.
    """

    def __init__(self, plan: Plan, view: View, log: Path | None) -> None:
        self._plan = plan
        self._view = view
        self._log = log
        self._process: PluginProcess | None = None
        self._host = Host(plan.plugin, settings=_settings(plan), launcher=self._launcher)
        self._rules = self._of_files()
        self.meters: list[PipelineMeter] = []
        """One for each pipeline that has started."""

    def check(self) -> None:
        """Look at rule files, as far as that is possible before the plugin runs. Raises
        `RuleError`."""
        if self._rules is not None:
            self._rules.check()

    def start(self) -> None:
        """Spawn the plugin, and start rules or pipelines. Raises `EkuiperError`, what `check` does
        before the plugin is spawned; those that had started run on until `stop`."""
        self._notes()
        self.check()
        self._host.start()
        if self._rules is not None:
            self._rules.start()
            self.meters = [rule_meter(each) for each in self._rules.running]
            return
        for position, wanted in enumerate(self._plan.pipelines):
            rule = f"rule{position + 1}"
            pipeline = self._pipeline(rule, wanted)
            columns = tuple(call.column for call in wanted.functions)
            pipeline.start()
            self.meters.append(PipelineMeter(pipeline, rule, wanted.title, columns))

    def restart(self) -> list[str]:
        """Spawn the plugin again while all goes on, rows and calls counted on, errors anew; returns
        what did not start again. Raises `HostError` when the plugin does not start."""
        known = len(self._host.errors)
        for meter in self.meters:
            meter.pipeline.counters.forget_errors()
        self._host.restart()
        return self._host.errors[known:]

    def reload(self) -> dict[str, Any] | None:
        """Have the plugin's supervisor go on with the new code, with all connections, rows and
        calls, errors anew; returns what it answers. None if there is no supervisor, or no worker
        that serves, so that only `restart` will do."""
        if self._process is None:
            return None
        for path, status in supervisors(str(self._host.directory)):
            if status["pid"] == self._process.pid and status["state"] == "serving":
                return self._reload(path)
        return None

    def _reload(self, path: str) -> dict[str, Any] | None:
        try:
            answer = reload(path, _RELOAD_TIMEOUT)
        except (OSError, EkuiperError):
            return None
        if answer["error"] is None:
            for meter in self.meters:
                meter.pipeline.counters.forget_errors()
        return answer

    def stop(self) -> None:
        """Stop what runs, so that nothing that came out is lost on its way to a sink."""
        if not self.alive:
            self._host.close()  # frees calls that wait for a dead plugin
        if self._rules is not None:
            self._rules.stop()
        for meter in self.meters:
            meter.pipeline.stop()

    def close(self) -> None:
        """End the plugin. Idempotent."""
        self._host.close()

    @property
    def ended(self) -> bool:
        """Whether no more rows will come out of anything."""
        return all(meter.pipeline.ended for meter in self.meters)

    @property
    def alive(self) -> bool:
        """Whether the plugin runs."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """The plugin's process; None before the first."""
        return self._process.pid if self._process is not None else None

    @property
    def exit(self) -> str:
        """How the plugin ended."""
        code = self._process.exit_code if self._process is not None else None
        if code is not None and code < 0:
            return f"by {signal.Signals(-code).name}"
        return f"with exit code {code}"

    def _of_files(self) -> Rules | None:
        if self._plan.rules is None:
            return None
        return rules_of(
            self._plan.rules,
            self._host,
            self._view,
            config=self._plan.config,
            limit=self._plan.count,
        )

    def _notes(self) -> None:
        for note in self._plan.rules.notes if self._plan.rules is not None else ():
            self._view.note(note)

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

    def _launcher(self, transport: Transport, addresses: Addresses) -> PluginProcess:
        self._process = PluginProcess(
            self._plan.folder,
            self._plan.manifest,
            settings=self._host.settings,
            log=self._log,
            env=self._environment(addresses),
            stdin=self._plan.debug,
        )
        return self._process

    def _environment(self, addresses: Addresses) -> dict[str, str]:
        found = {"EKUIPER_SOCKET_DIR": addresses.directory}
        if self._plan.watch:  # two saves in one second look alike to Python's cache
            found["PYTHONDONTWRITEBYTECODE"] = "1"
        if self._plan.debug:  # the terminal is for one process
            found["EKUIPER_SUPERVISE"] = "0"
        return found


def _settings(plan: Plan) -> Settings:
    if plan.watch:  # calls and rows wait for the next save of a plugin that does not start
        return Settings.profile(
            plan.ekuiper, python=plan.python, send_timeout=None, recv_timeout=None
        )
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
