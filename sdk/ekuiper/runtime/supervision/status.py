"""The supervisor's status: whoever of this user connects to its socket is told how it goes."""

import os
import socket
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ...errors import ChannelClosedError, EkuiperError
from ...protocol.engine import dumps, loads
from ...transport.unix import UnixDoor, connect
from ..locks import runtime_directory
from ..reach import socket_directory
from .link import STATUS
from .machine import Machine, State
from .memory import family, memory
from .orders import Order
from .overdue import Overdue
from .report import Report
from .spawning import Spawned

__all__ = ["SUFFIX", "Death", "Status", "sweep", "symbols"]

SUFFIX = ".status"
"""How the names of status sockets end; before it stand the process and a random part, since
containers that share a folder have processes of the same number."""

PATIENCE = 0.5
"""Seconds that the worker is given for its figures; without them the others are told."""

SEND_TIMEOUT = 0.2
"""Seconds that somebody who asks may take to read, if it is more than a socket's buffer."""

KEPT = 10
"""Deaths of workers that are told, the last ones."""

MOST = 16
"""Those who may wait for the answer at the same time; more are turned away."""


class Death(NamedTuple):
    """The end of a worker. `time` is in seconds since 1970."""

    generation: int
    time: float
    reason: str


class Status:
    """Answers with one JSON object, and hangs up. For the supervisor's thread; never waits for the
    worker. Where the socket cannot be made, nobody is answered, and the log says why."""

    def __init__(self, report: Report, machine: Machine, overdue: Overdue) -> None:
        self._report = report
        self._machine = machine
        self._overdue = overdue
        self._began = self._spawned_at = time.monotonic()
        self._worker: Spawned | None = None
        self._deaths: list[Death] = []
        self._asking: list[socket.socket] = []
        self._worker_asked = False  # and has not answered: it gets no second question
        self._due: float | None = None
        self._door: UnixDoor | None = None

    def open(self) -> None:
        """Make the socket; once this process ends in order when it is told to."""
        try:
            self._door = _door()
        except (EkuiperError, OSError) as error:
            self._report("WARNING", f"there is no status: {error}")

    @property
    def descriptors(self) -> list[int]:
        """Readable when `look` has something to do."""
        return [] if self._door is None else [self._door.fileno()]

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do at the latest."""
        return self._due

    def look(self, now: float) -> None:
        """Let in whoever asks, and answer."""
        while (one := self._accept()) is not None:
            if len(self._asking) < MOST:
                self._asking.append(one)
            else:
                one.close()
        if not self._asking:
            return
        if self._due is None:
            self._due = now + PATIENCE if self._ask_worker() else now
        if now >= self._due:
            self._answer(None)

    def spawned(self, worker: Spawned) -> None:
        """There is a new worker."""
        self._worker, self._worker_asked = worker, False
        self._spawned_at = time.monotonic()

    def died(self, how: str) -> None:
        """The worker has ended; `Machine.died` was not yet told."""
        reason = self._machine.failure or how
        self._deaths.append(Death(self._machine.generation, time.time(), reason))
        del self._deaths[:-KEPT]
        self._worker, self._worker_asked = None, False
        if self._asking:
            self._answer(None)

    def told(self, figures: bytes) -> None:
        """The worker answered."""
        self._worker_asked = False
        if self._asking:
            self._answer(figures)

    def close(self) -> None:
        """Remove the socket."""
        if self._door is not None:
            self._door.shut()
        self.forget()

    def forget(self) -> None:
        """Let go of the descriptors; in a forked worker, whose socket it is not."""
        door, self._door = self._door, None
        if door is not None:
            door.close()
        while self._asking:
            self._asking.pop().close()
        self._due = None

    def _accept(self) -> socket.socket | None:
        try:
            return None if self._door is None else self._door.accept()
        except OSError:
            return None

    def _ask_worker(self) -> bool:
        """Whether figures may come."""
        if self._worker is None or self._machine.state not in (State.REPLAYING, State.SERVING):
            return False
        if not self._worker_asked:
            try:
                self._worker.link.send(STATUS, 0)
            except ChannelClosedError:
                return False  # it has died: we hear of it next
            self._worker_asked = True
        return True

    def _answer(self, figures: bytes | None) -> None:
        answer = dumps(self._object(figures), "status")
        self._due = None
        while self._asking:
            with self._asking.pop() as one:
                try:
                    one.settimeout(SEND_TIMEOUT)
                    one.sendall(answer)
                except OSError:
                    pass  # it has gone, or does not read

    def _object(self, figures: bytes | None) -> dict[str, Any]:
        now, machine, starts = time.monotonic(), self._machine, self._machine.starts
        running = None if figures is None else loads(figures)
        return {
            "plugin": self._report.plugin,
            "pid": os.getpid(),
            "worker_pid": self._worker.pid if self._worker is not None else None,
            "generation": machine.generation,
            "state": machine.state.value,
            "failure": machine.failure or None,
            "uptime": now - self._began,
            "worker_uptime": now - self._spawned_at if self._worker is not None else None,
            "restarts": max(0, machine.generation - 1),
            "deaths": [death._asdict() for death in self._deaths],
            "memory": memory(family(os.getpid())),
            "symbols": symbols(
                [order for key, order in starts.live.items() if key not in starts.parked],
                [starts.live[key] for key in starts.parked if key in starts.live],
                running,
                self._overdue.stuck(now),
            ),
        }


def symbols(
    live: list[Order],
    parked: list[Order],
    running: list[dict[str, Any]] | None,
    stuck: Mapping[str, float] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """All symbols, with how they are: `running` as the worker tells it (None: it does not answer),
    `waiting` for it, left `out` since their start kills workers, or, of functions, `stuck` at a
    call for these seconds."""
    found = [{**each, "state": "running"} for each in running or ()]
    there = {_identity(each) for each in found}
    for orders, state in ((live, "waiting" if running is not None else "unknown"), (parked, "out")):
        for order in orders:
            known = _known(order, state)
            if known is not None and _identity(known) not in there:
                found.append(known)
    for name, seconds in stuck.items():
        _stick(found, name, seconds)
    return found


def _stick(found: list[dict[str, Any]], name: str, seconds: float) -> None:
    bare: dict[str, Any] = {"kind": "function", "name": name, "rules": []}
    functions = (each for each in found if _identity(each) == _identity(bare))
    if (function := next(functions, None)) is None:
        found.append(function := bare)
    function.update(state="stuck", seconds=seconds)


def _known(order: Order, state: str) -> dict[str, Any] | None:
    if order.key is None:
        return None
    kind, name, rule, op, instance = order.key
    if kind == "func":
        return {"kind": "function", "name": name, "rules": [], "state": state}
    place = {"rules": [rule], "op": op, "instance": instance}
    return {"kind": kind, "name": name, **place, "state": state}


def _identity(symbol: dict[str, Any]) -> tuple[Any, ...]:
    if symbol["kind"] == "function":
        return ("function", symbol["name"])
    return (symbol["kind"], symbol["name"], *symbol["rules"], symbol["op"], symbol["instance"])


def _door() -> UnixDoor:
    folder = runtime_directory(socket_directory())
    sweep(folder)
    return UnixDoor(f"ipc://{folder}/{os.getpid()}_{os.urandom(2).hex()}{SUFFIX}")


def sweep(folder: str) -> None:
    """Remove the sockets of supervisors that were killed, as hosts do when a plugin is updated.

    One whose process's number is another's by now stays until that has ended, too: it might be one
    who is about to listen.
    """
    for name in os.listdir(folder):
        if name.endswith(SUFFIX) and not os.path.exists(f"/proc/{name.partition('_')[0]}"):
            path = os.path.join(folder, name)
            try:
                connect(path.encode()).close()  # in another container it may be there
            except ConnectionRefusedError:
                _remove(path)
            except OSError:
                pass


def _remove(path: str) -> None:
    """Unlink a stale socket."""
    try:
        os.unlink(path)
    except OSError:
        pass  # another one was faster
