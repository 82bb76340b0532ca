"""The supervisor's only thread: everything that happens is brought to the machine, and done."""

import select
import sys
import time

from ...errors import ChannelClosedError, ChannelResetError, ProtocolError
from ...protocol.stdlib import stdlib_loads
from ...transport import Exchange
from ..signals import signal
from .actions import (
    Action,
    Answer,
    Drop,
    End,
    Kill,
    Leave,
    Log,
    Prepare,
    Reloaded,
    Send,
    Spawn,
    SpawnBeside,
    Switch,
)
from .beside import Beside
from .custody import Custody
from .hostside import HostSide
from .link import (
    ACTIVATE,
    ANSWER,
    CALLS,
    COMMAND,
    FAILED,
    FILES,
    HELLO,
    KEEP,
    PING,
    READY,
    STATUS,
    TAKEN,
    WORN,
    Frame,
    Link,
    check_hello,
)
from .machine import Machine
from .marks import Marks
from .overdue import Overdue
from .pulse import Pulse
from .renewals import Renewals
from .report import Report
from .spawning import Interpreter, Spawned, single_threaded, spawn
from .states import State
from .status import Status
from .tidings import Tidings

__all__ = ["Supervisor"]

LEAVE_TIMEOUT = 2.6
"""Seconds for the worker to end in order: its close hooks and its exit, which it bounds itself,
unless a thread lets no other one run. Of a dead host nothing is left after three."""

FAILED_TIMEOUT = 2.0
"""Seconds for a worker to end that has said why it cannot serve."""


class Supervisor:
    """Between one host and one worker after the other.

    Workers are forked if `forks`, as long as this process has one thread; else each is a fresh
    `interpreter`.
    """

    def __init__(
        self,
        exchange: Exchange,
        machine: Machine,
        report: Report,
        interpreter: Interpreter,
        marks: Marks | None,
        *,
        forks: bool,
    ) -> None:
        self._host = HostSide(exchange, report)
        self._machine = machine
        self._report = report
        self._interpreter = interpreter
        self.marks = marks
        self._overdue = Overdue(marks, report)
        self._pulse = Pulse(self._overdue, report)
        self._renewals = Renewals(report, machine)
        self._status = Status(report, machine, self._overdue, self._renewals.reloads)
        self._forks = forks
        self._tidings = Tidings()
        self._worker: Spawned | None = None
        self._beside = Beside()
        self._custody = Custody()
        self._next_marks: Marks | None = None
        self._greeted = False
        self._kill_at: float | None = None

    def run(self) -> int | Link:
        """Supervise, after the handshake, until the end: the exit status. Or, in a forked worker,
        its link."""
        self._tidings.listen()
        self._status.open()
        told = "the plugin's code runs in a process of its own, and is started again if that dies"
        self._report("INFO", f"{told}; the host is process {self._host.process}")
        ending = self._do(self._machine.begin(time.monotonic()))
        while ending is None:
            self._wait()
            ending = self._look()
        return ending

    def _wait(self) -> None:
        """Until something happens or is due."""
        poll = select.poll()
        poll.register(self._tidings.descriptor, select.POLLIN)
        if self._worker is not None:
            poll.register(self._worker.link, select.POLLIN)
            if self._worker.pidfd >= 0:
                poll.register(self._worker.pidfd, select.POLLIN)
        for fd in (*self._status.descriptors, *self._beside.descriptors):
            poll.register(fd, select.POLLIN)
        self._host.wait(poll, self._pause())

    @property
    def _children(self) -> list[int]:
        return [*self._beside.pids, *([self._worker.pid] if self._worker is not None else [])]

    def _pause(self) -> float | None:
        """Milliseconds that `poll` may wait."""
        others = (
            *(self._machine, self._host, self._status),
            *(self._overdue, self._pulse, self._beside, self._renewals),
        )
        times = (*(each.deadline for each in others), self._kill_at)
        due = min((each for each in times if each is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic()) * 1000 + 1

    def _look(self) -> int | Link | None:
        """See to everything that may have happened; what `_do` says."""
        now = time.monotonic()
        self._tidings.read(self._children)
        actions = self._hear_beside(now)
        if self._worker is not None:
            actions += self._hear(now, self._worker)
        if signal.SIGTERM in self._tidings.signals:
            actions += self._machine.leave(now, 0, "told to end by SIGTERM")
        elif not self._host.alive():
            actions += self._machine.leave(now, 1, "the host is gone")
        else:
            actions += self._hear_host(now)
        actions += self._machine.tick(now)
        self._status.look(now)
        ending = self._do(actions)
        return ending if ending is not None else self._look_for_reload(now)

    def _look_for_reload(self, now: float) -> int | Link | None:
        asked = signal.SIGHUP in self._tidings.signals
        self._tidings.signals.discard(signal.SIGHUP)
        worker = self._worker.pid if self._worker is not None else None
        if not self._renewals.look(now, worker, asked=asked):
            return None
        return self._do(self._machine.reload(now, replace=self._renewals.replace))

    def _hear(self, now: float, worker: Spawned) -> list[Action]:
        """What the worker said, then whether it has died: by its status, never by silence alone,
        since a grandchild may hold the line."""
        ended = self._tidings.end_of(worker.pid)
        frames, open_ = worker.link.drain()
        actions: list[Action] = []
        for frame in frames:
            actions += self._worker_says(now, worker, frame)
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            worker.kill()
        late = self._overdue.look(now, worker.pid, hears=self._machine.hears)
        if self._pulse.look(now, worker, rests=self._machine.rests) or late:
            worker.kill()
        if ended is None:
            if not open_ and self._kill_at is None:
                self._kill_at = now + FAILED_TIMEOUT  # it closed its line: of no more use
            return actions
        worker.kill()
        worker.close()
        self._worker = self._kill_at = None
        how = self._pulse.died(ended)
        if self._machine.ending:
            self._use(self.marks.next() if self.marks is not None else None)
            return actions + self._machine.died(now, ended)
        verdict = self._overdue.died(now, how)
        self._status.died(verdict.reason)
        self._custody.how = verdict.how
        actions += self._machine.died(now, verdict.how, asked=verdict.asked)
        self._custody.left_out(self._machine.starts.left_out)
        return actions

    def _use(self, marks: Marks | None) -> None:
        """From now on it is another worker that leaves marks, or may be late."""
        old, self.marks = self.marks, marks
        self._overdue.turn_to(marks)
        if old is not None:
            old.close()

    def _hear_beside(self, now: float) -> list[Action]:
        actions: list[Action] = []
        self._beside.hear(now, lambda now, frame: actions.extend(self._next_says(now, frame)))
        ended = self._beside.reap(now, self._tidings)
        return actions if ended is None else actions + self._machine.next_died(now, ended)

    def _next_says(self, now: float, frame: Frame) -> list[Action]:
        kind, number, content = frame
        if kind == HELLO:
            try:
                check_hello(frame)
            except ProtocolError as error:
                return self._machine.next_failed(now, str(error))
        if kind == READY:
            return self._machine.next_ready(now, self._renewals.ready(content, beside=True))
        if kind == FILES:
            self._renewals.read(content, beside=True)
        if kind == FAILED:
            return self._machine.next_failed(now, content.decode("utf-8", "replace"))
        if kind == ANSWER:
            return self._machine.next_replied(now, number, content)
        return []

    def _worker_says(self, now: float, worker: Spawned, frame: Frame) -> list[Action]:
        kind, number, content = frame
        if not self._greeted:
            self._greeted = True
            try:
                check_hello(frame)
            except ProtocolError as error:
                worker.kill()
                return self._machine.failed(now, str(error))
        if kind == READY:
            self._tell(worker, ACTIVATE)
            return self._machine.ready(now, self._renewals.ready(content, beside=False))
        if kind == FILES:
            self._renewals.read(content, beside=False)
        if kind == WORN:
            self._renewals.exceeded(now, content.decode())
        if kind == CALLS:
            self._overdue.roused(now)
            self._tell(worker, CALLS)  # its main thread, which waits for us
        if kind == FAILED:
            self._kill_at = now + FAILED_TIMEOUT
            return self._machine.failed(now, content.decode("utf-8", "replace"))
        if kind == ANSWER:
            return self._machine.replied(now, number, content)
        if kind == STATUS:
            self._status.told(content)
        if kind == PING:
            self._pulse.answered(debugged=bool(number))
        if kind == KEEP:
            self._custody.keep(content, worker.link.descriptors(number))
        if kind == TAKEN:
            failed = {
                int(number): reason for number, reason in stdlib_loads(content, content).items()
            }
            return self._machine.switched(now, failed)
        return []

    def _tell(self, worker: Spawned, kind: int) -> None:
        try:
            worker.link.send(kind, 0)
        except ChannelClosedError:
            pass  # it has died: the machine hears of it next

    def _hear_host(self, now: float) -> list[Action]:
        try:
            frame = self._host.hear(now)
        except ChannelResetError:
            return self._machine.cut(now)
        if frame is None:
            return []
        self._custody.commanded(frame)
        return self._machine.command(now, frame)

    def _do(self, actions: list[Action]) -> int | Link | None:
        """Do it. None to go on; the exit status; or, in a forked worker, its link."""
        for action in actions:
            if isinstance(action, Log):
                self._report(action.level, action.text)
            elif isinstance(action, Answer):
                self._answer(action.frame)
            elif isinstance(action, Send):
                self._send(action)
            elif isinstance(action, Leave):
                return self._leave(action.status)
            elif isinstance(action, (Spawn, SpawnBeside)):
                link = self._spawn(beside=isinstance(action, SpawnBeside))
                if link is not None:
                    return link
            else:
                self._reload(action)
        return None

    def _spawn(self, *, beside: bool) -> Link | None:
        """Start a worker; in that, if it was forked, its link. One `beside` the worker that serves
        leaves no compiled modules behind: two saves in one second look alike to Python's cache."""
        marks = self.marks.next() if beside and self.marks is not None else self.marks
        forks = self._forks and single_threaded()
        self._renewals.spawned()
        interpreter = self._interpreter.uncached() if beside else self._interpreter
        spawned = spawn(None if forks else interpreter, marks)
        if isinstance(spawned, Link):
            self._forget()
            if beside:
                sys.dont_write_bytecode = True
                self._use(marks)
            return spawned
        if beside:
            self._beside.spawned(spawned)
            self._next_marks = marks
        else:
            self._serves(spawned)
        return None

    def _serves(self, worker: Spawned) -> None:
        self._worker, self._greeted, self._kill_at = worker, False, None
        self._pulse.turn()
        self._status.spawned(worker)

    def _reload(self, action: Action) -> None:
        """Do what belongs to a reload."""
        worker = self._worker
        if isinstance(action, Prepare):
            self._beside.prepare(action.number, action.frame)
        elif isinstance(action, Switch) and worker is not None:
            if self._beside.next is not None:
                self._custody.give_all(self._beside.next.link)
            self._renewals.reloads.switch()
            self._serves(self._beside.switch(worker, action.numbers))
            self._greeted = True
            self._renewals.switch()
            following, self._next_marks = self._next_marks, None
            self._use(following)
        elif isinstance(action, Drop):
            self._beside.drop()
            if self._next_marks is not None:
                self._next_marks.close()
                self._next_marks = None
        elif isinstance(action, End) and worker is not None:
            worker.link.end()
            self._kill_at = time.monotonic() + LEAVE_TIMEOUT
        elif isinstance(action, Kill) and worker is not None:
            worker.kill()
        elif isinstance(action, Reloaded):
            self._renewals.over(action.error)

    def _answer(self, frame: bytes) -> None:
        self._custody.answered(alone=self._machine.state in (State.NONE, State.IMPORTING))
        try:
            self._host.answer(frame)
        except ChannelResetError:
            self._machine.cut(time.monotonic())

    def _send(self, action: Send) -> None:
        if self._worker is None:
            return  # it said something and died at once: the machine has heard of both
        try:
            if self._machine.replays:
                self._custody.give(self._worker.link, action.frame)
            else:
                self._custody.commanded(action.frame)
            self._worker.link.send(COMMAND, action.number, action.frame)
        except ChannelClosedError:
            pass  # it has died: the machine hears of it next

    def _leave(self, status: int) -> int:
        """End the worker in order, then without."""
        worker = self._worker
        self._status.close()
        self._beside.close()
        if worker is not None:
            worker.link.end()
            deadline = time.monotonic() + LEAVE_TIMEOUT
            poll = select.poll()
            poll.register(self._tidings.descriptor, select.POLLIN)
            self._tidings.read([worker.pid])
            ended = self._tidings.end_of(worker.pid) is not None
            while not ended and (left := deadline - time.monotonic()) > 0:
                poll.poll(left * 1000)
                self._tidings.read([worker.pid])
                ended = self._tidings.end_of(worker.pid) is not None
            worker.kill()
            for frame in worker.link.drain()[0]:
                self._worker_says(deadline, worker, frame)
            worker.close()
        self._custody.close(self._machine.starts.live.values())
        self._host.close()
        return status

    def _forget(self) -> None:
        """In a forked worker: let go of everything that is the supervisor's. Its channels closed
        themselves."""
        self._host.forget()
        self._status.forget()
        self._beside.forget()
        if self._worker is not None:
            self._worker.close()
        self._custody.forget_all()
        self._tidings.close()
