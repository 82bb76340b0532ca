"""Plays a plan: runs a host with the plugin, and does to them what the plan says."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ekuiper.runtime.supervision.asking import statuses

from . import processes
from .deeds import Deeds
from .evidence import Done, Evidence
from .journal import Reader
from .plan import FUNCTIONS, Plan, Step
from .scene import Scene
from .watch import Watch

__all__ = ["Rig", "play"]

_ROOT = Path(__file__).parents[2]
_UP = 20.0  # seconds until rows flow
_SETTLE = 20.0  # seconds after the last fault until everything works again
_OBEYED = 30.0  # seconds that the host may take for its last commands
_PENDING = 0.5  # seconds that deaths which are armed at the end have to happen
_ORPHANS = 3.0  # seconds that what a dead host started may live on


def play(plan: Plan) -> Evidence:
    """Run the plan in a folder of its own; nothing is left of it but what is returned."""
    with Rig(plan) as rig:
        return rig.play()


class Rig:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._mark = f"FAULTS_RUN={uuid.uuid4().hex}"
        self.folder = Path(tempfile.mkdtemp(prefix="faults-", dir="/tmp"))
        self._scene = Scene(self.folder, plan, self._mark)
        self._host_journal = Reader(self.folder / "host.journal")
        self._plugin_journal = Reader(self.folder / "plugin.journal")
        self._watch = Watch(self._host_journal, self._plugin_journal)
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0
        self._told = 0
        self._done: list[Done] = []
        self._deeds = Deeds(self._scene, self._mark, self._watch, self._done)
        self._seen: list[str] = []

    def __enter__(self) -> "Rig":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
        processes.kill_all(self._mark)
        self._deeds.cancel()
        self._host_journal.close()
        self._plugin_journal.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def play(self) -> Evidence:
        began = ended = time.monotonic()
        flowing: dict[str, float | None] = {}
        failure = ""
        try:
            self._start_host()
            before = self._held_at_rest()
            began = time.monotonic()
            self._follow(began)
            ended = time.monotonic()
            flowing = self._flowing_again(ended)
            if all(flowing.values()):
                self._look_for_leaks(before)
            self._note_left_out()
            self._end_host()
        except RigError as error:
            failure = f"{error}\n{self.log()}"
        self._watch.read()
        return Evidence(
            self._plan,
            began,
            ended,
            self._done,
            self._host_journal.entries,
            self._plugin_journal.entries,
            flowing,
            self._seen,
            failure,
        )

    def log(self) -> str:
        """The end of what plugin and host had to say."""
        texts = []
        for name in ("plugin.log", "host.log"):
            path = self.folder / name
            if path.is_file():
                tail = path.read_bytes()[-3000:].decode("utf-8", "replace")
                texts.append(f"-- {name}\n{tail}")
        return "\n".join(texts)

    def _start_host(self) -> None:
        """One more life of the host; returns when rows flow."""
        given = self._scene.given(self._lives)
        self._lives += 1
        output = "/dev/full" if self._plan.full_disk else self.folder / "host.log"
        began = time.monotonic()
        with open(output, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.hosting", json.dumps(given)],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        self._deeds.host = self._process.pid
        flowing = self._watch.flowing(began, _UP, self._alive)
        if not all(flowing.values()):
            missing = ", ".join(name for name, at in flowing.items() if at is None)
            took = time.monotonic() - began
            ended = "" if self._alive() else f", which ended with {self._process.returncode}"
            raise RigError(f"in {took:.1f} s of a new host{ended}: nothing came of {missing}")

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _held_at_rest(self) -> processes.Held:
        """What the plugin holds when it runs undisturbed: the same in two looks."""
        before = processes.held(self._mark)
        for _ in range(100):
            threading.Event().wait(0.03)
            now = processes.held(self._mark)
            if now == before:
                break
            before = now
        return before

    def _follow(self, began: float) -> None:
        for step in self._plan.steps:
            threading.Event().wait(max(0.0, began + step.at - time.monotonic()))
            self._watch.read()
            if step.what in ("reload", "spoil"):
                self._deeds.reload(step)
                continue
            if step.what == "again" and step.target in FUNCTIONS:
                self._deeds.await_files()  # what took long before may have made this step late
            with self._noted(step) as note:
                note.append(self._deed(step)(step) or "")
        threading.Event().wait(max(0.0, began + self._plan.ends - time.monotonic()))
        self._deeds.restore()
        _until(self._obeyed, _OBEYED)
        pending = _PENDING + 2 * self._plan.call_timeout
        _until(lambda: not any(self._scene.deaths.iterdir()), pending)
        self._deeds.disarm()
        if self._plan.supervised and any(step.what == "grandchild" for step in self._plan.steps):
            self._kill_parents()

    def _deed(self, step: Step) -> Callable[[Step], str | None]:
        for who, name in ((self, f"_do_{step.what}"), (self._deeds, step.what)):
            if hasattr(who, name):
                return getattr(who, name)  # type: ignore[no-any-return]
        return self._tell_host

    def _kill_parents(self) -> None:
        """A grandchild that came late goes with the worker that lives, once one does."""
        self._watch.flowing(time.monotonic(), _SETTLE, self._alive)
        last = Step(self._plan.ends, "kill", "worker", signal.SIGKILL)
        with self._noted(last) as note:
            note.append(self._deeds.kill(last))

    def _obeyed(self) -> bool:
        self._watch.read()
        return self._watch.obeyed >= self._told

    @contextmanager
    def _noted(self, step: Step) -> Iterator[list[str]]:
        began = time.monotonic()
        note: list[str] = []
        try:
            yield note
        finally:
            ended = time.monotonic()
            self._done.append(Done(step.what, step.target, began, ended, "".join(note)))

    def _do_pause(self, step: Step) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        threading.Event().wait(step.number)
        self._process.send_signal(signal.SIGCONT)

    def _do_crash(self, step: Step) -> None:
        """The host is killed; everything it started has to go, and then it comes again."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._deeds.restore()
        if not self._plan.supervised:
            self._deeds.disarm()  # else the new host might lose it before its rules run
        self._process.send_signal(signal.SIGSTOP)  # it starts nobody now
        started = processes.children(self._process.pid)
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._nobody_left("after the host was killed", started)
        self._watch.read()
        self._told = self._watch.obeyed
        self._start_host()

    def _tell_host(self, step: Step) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({"do": step.what, "target": step.target, "number": step.number})
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
            self._told += 1
        except BrokenPipeError:
            raise RigError("the host has ended by itself") from None

    def _flowing_again(self, since: float) -> dict[str, float | None]:
        return self._watch.flowing(since, _SETTLE, self._alive)

    def _look_for_leaks(self, before: processes.Held) -> None:
        if not self._plan.supervised and any(
            step.what == "grandchild" for step in self._plan.steps
        ):
            return  # without a supervisor nobody ends them
        beyond = _until(lambda: not processes.held(self._mark).beyond(before), 5.0)
        if not beyond:
            more = processes.held(self._mark).beyond(before)
            told = "\n    ".join(processes.describe(self._mark))
            self._seen.append(f"holds {more}:\n    {told}")

    def _note_left_out(self) -> None:
        """What the supervisor says that it starts no more, after three deaths in a row."""
        now = time.monotonic()
        for status in statuses(str(self._scene.sockets)):
            for symbol in status["symbols"]:
                if symbol["state"] == "out":
                    what = symbol["name" if symbol["kind"] == "function" else "kind"]
                    self._done.append(Done("left out", what, now, now))

    def _end_host(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._tell_host(Step(0, "close"))
        try:
            self._process.wait(20.0)
        except subprocess.TimeoutExpired:
            raise RigError("the host did not close within 20 s") from None
        self._process.stdin.close()
        self._nobody_left("after the host was closed")
        left = sorted(path.name for path in self._scene.sockets.glob("*.ipc"))
        if left:
            self._seen.append(f"files left: {', '.join(left)}")

    def _nobody_left(self, when: str, started: Sequence[int] = ()) -> None:
        """Of those with the mark, and of what was `started` and may not have it yet. Without a
        supervisor nobody ends what the plugin itself has started."""
        grandchildren = any(step.what == "grandchild" for step in self._plan.steps)
        mark = self._mark if self._plan.supervised or not grandchildren else None
        if not _until(lambda: not processes.alive(mark, started), _ORPHANS):
            told = "\n    ".join(processes.describe(self._mark))
            self._seen.append(f"processes left {_ORPHANS:g} s {when}:\n    {told}")
        processes.kill_all(self._mark)


class RigError(Exception):
    """The run cannot go on."""


def _until(condition: Callable[[], bool], timeout: float) -> bool:
    """Whether it held within the time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.03)
    return True
