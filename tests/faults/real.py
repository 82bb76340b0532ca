"""Plays a plan on a real eKuiper: one rule, source → functions → sink, and what befalls it."""

import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ekuiper.errors import RestError

from ..e2e.archive import write_archive
from ..e2e.kuiperd import Kuiperd
from . import processes
from .evidence import Done, Evidence
from .journal import Reader
from .plan import FUNCTIONS, Plan, Step
from .reloading import Reloading

__all__ = ["play_on"]

_HERE = Path(__file__).parent
_PACE = 0.01
_SETTLE = 30.0  # seconds after the last fault until rows come out of the rule again
_ORPHANS = 3.0
_PLAYED = ("kill", "arm", "pause", "crash", "restart", "grandchild", "clock", "reload", "spoil")
_LONGEST = 3.0  # seconds of a pause


def play_on(binary: Path, plan: Plan) -> Evidence:
    """Play those steps of the plan that a real host can be made to take; what is judged is which
    rows came to the sink, and with what."""
    mark = f"f{uuid.uuid4().hex[:5]}"
    with tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp") as folder:
        return _Real(binary, plan, mark, Path(folder)).play()


class _Real:
    def __init__(self, binary: Path, plan: Plan, mark: str, folder: Path) -> None:
        self._plan = plan._replace(steps=tuple(map(_shorter, filter(_possible, plan.steps))))
        self._mark = mark
        self._plugin = f"faults_{mark}"
        self._rule = f"rule_{mark}"
        self._folder = folder
        self._deaths = folder / "deaths"
        self._clock = folder / "clock"
        self._deaths.mkdir()
        self._journal = Reader(folder / "journal")
        self._done: list[Done] = []
        self._seen: list[str] = []
        env = {
            "FAULTS_RUN": mark,
            "FAULTS_DEATHS": str(self._deaths),
            "FAULTS_JOURNAL": str(folder / "journal"),
            "FAULTS_PACE": str(plan.pace or _PACE),
            "FAULTS_CALL_TIMEOUT": str(plan.call_timeout),
            "FAULTS_NAME": self._plugin,
            "FAULTS_MARK": f"{mark}_",
            "FAULTS_CLOCK": str(self._clock),
            "PYTHONPATH": str(_HERE / "clock"),
            "EKUIPER_SUPERVISE": "1",
        }
        self._host = Kuiperd(binary, mark, env=env)
        script = self._host.home / "plugins" / "portable" / self._plugin / "plugin.py"
        self._reloading = Reloading(script, "/tmp", self._plugin, self._done)

    def play(self) -> Evidence:
        began = ended = time.monotonic()
        failure = ""
        try:
            with self._host, self._logged():
                self._install()
                self._await_row(time.monotonic())
                began = time.monotonic()
                self._follow(began)
                ended = time.monotonic()
                self._await_row(ended)
                self._host.rest.delete(f"/rules/{self._rule}")
        except (AssertionError, RestError) as error:
            failure = str(error)
        self._nobody_left()
        processes.kill_all(f"FAULTS_RUN={self._mark}")
        self._reloading.finish()
        self._journal.read()
        self._journal.close()
        journal = self._journal.entries
        return Evidence(self._plan, began, ended, self._done, [], journal, {}, self._seen, failure)

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """A failure tells the host's log, which goes with the host."""
        try:
            yield
        except (AssertionError, RestError) as error:
            raise AssertionError(f"{error}\n{self._log()}") from error

    def _install(self) -> None:
        rest, mark = self._host.rest, f"{self._mark}_"
        manifest = {
            "name": self._plugin,
            "version": "1.0.0",
            "language": "python",
            "executable": "plugin.py",
            "sources": [f"{mark}numbers"],
            "sinks": [f"{mark}keep"],
            "functions": [mark + name for name in FUNCTIONS],
        }
        archive = write_archive(
            self._folder / f"{self._plugin}.zip",
            manifest,
            {"plugin.py": (_HERE / "plugin.py").read_text("utf-8")},
            {f"{mark}numbers": {"default": {}}},
        )
        rest.post("/plugins/portables", {"name": self._plugin, "file": rest.upload(archive)})
        stream = f"s_{self._mark}"
        sql = f'CREATE STREAM {stream} () WITH (TYPE="{mark}numbers", FORMAT="json")'
        rest.post("/streams", {"sql": sql})
        columns = ", ".join(f"{mark}{name}(n) AS {name}" for name in FUNCTIONS)
        rule = {
            "id": self._rule,
            "sql": f"SELECT epoch, n, {columns} FROM {stream}",
            "actions": [{f"{mark}keep": {"sendSingle": True, "requireAck": self._plan.acks}}],
            "options": {"disableBufferFullDiscard": True},
        }
        rest.post("/rules", rule)

    def _await_row(self, since: float) -> None:
        """Return when a row that was emitted after `since` has come to the sink."""
        deadline = time.monotonic() + _SETTLE
        emitted: set[tuple[str, int]] = set()
        while time.monotonic() < deadline:
            for entry in self._journal.read():
                if entry[0] == "emit" and entry[1] > since:
                    emitted.add((entry[2], entry[3]))
                elif entry[0] == "collected" and (entry[4].get("epoch"), entry[2]) in emitted:
                    return
            threading.Event().wait(0.05)
        raise AssertionError(f"in {_SETTLE:g} s no row came out of the rule")

    def _follow(self, began: float) -> None:
        for step in self._plan.steps:
            threading.Event().wait(max(0.0, began + step.at - time.monotonic()))
            self._journal.read()
            if step.what in ("reload", "spoil"):
                self._reloading.begin(step)
                continue
            at = time.monotonic()
            note = getattr(self, f"_do_{step.what}")(step) or ""
            self._done.append(Done(step.what, step.target, at, time.monotonic(), note))
        self._reloading.finish()
        deadline = time.monotonic() + 1.0 + 2 * self._plan.call_timeout
        while any(self._deaths.iterdir()) and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        for armed in self._deaths.iterdir():
            armed.unlink(missing_ok=True)

    def _do_kill(self, step: Step) -> str:
        born = [entry[2] for entry in self._journal.entries if entry[0] == "born"]
        return processes.kill(born[-1], int(step.number))

    def _do_arm(self, step: Step) -> None:
        new = self._deaths / f"new-{step.target}"
        new.write_text(f"{int(step.number)} {step.count}")
        new.rename(self._deaths / step.target)

    def _do_grandchild(self, step: Step) -> None:
        (self._deaths / "grandchild").touch()

    def _do_clock(self, step: Step) -> None:
        self._clock.write_text(str(step.number))

    def _do_pause(self, step: Step) -> None:
        process = self._host._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        threading.Event().wait(step.number)
        process.send_signal(signal.SIGCONT)

    def _do_crash(self, step: Step) -> None:
        self._reloading.finish()
        self._host.kill()
        self._nobody_left()
        self._host.start()
        self._start_unknowing()

    def _start_unknowing(self) -> None:
        """eKuiper 2 reads the folders of plugins on threads of their own while it starts its rules
        (`syncRegistry` in internal/plugin/portable/manager.go), so that one may end before its
        plugin is known. Its user starts it then."""
        status = self._host.rest.get(f"/rules/{self._rule}/status")
        if " not found" in str(status.get("message", "")) and status.get("status") != "running":
            self._host.rest.post(f"/rules/{self._rule}/start")

    def _do_restart(self, step: Step) -> str:
        if not self._host.version.restarts_in_order:
            return "not here: the old stop may end the new rule"
        self._reloading.finish()  # a rule whose start is refused ends, until its user starts it
        try:
            self._host.rest.post(f"/rules/{self._rule}/restart")
        except RestError as error:
            return str(error)[:200]
        return ""

    def _nobody_left(self) -> None:
        mark = f"FAULTS_RUN={self._mark}"
        deadline = time.monotonic() + _ORPHANS
        while processes.marked(mark):
            if time.monotonic() > deadline:
                self._seen.append("processes left:\n    " + "\n    ".join(processes.describe(mark)))
                processes.kill_all(mark)
                return
            threading.Event().wait(0.05)

    def _log(self) -> str:
        lines = [line for line in self._host.log().splitlines() if "level=info" not in line]
        return "\n".join(lines[-40:])


def _possible(step: Step) -> bool:
    return step.what in _PLAYED and step.target != "plugin"


def _shorter(step: Step) -> Step:
    return step._replace(number=min(step.number, _LONGEST)) if step.what == "pause" else step
