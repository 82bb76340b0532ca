"""The supervisor's status: whoever of this user connects to its socket is told how it goes."""

import _socket as socket
import os
import time
from collections.abc import Mapping
from types import MappingProxyType

from ...errors import ChannelClosedError, EkuiperError
from ...protocol.stdlib import stdlib_dumps, stdlib_loads
from ...typed import Any, NamedTuple
from .desk import Desk, reply
from .link import STATUS
from .machine import Machine, State
from .memory import family, memory
from .orders import Order
from .overdue import Overdue
from .reloads import Reloads
from .report import Report
from .spawning import Spawned

__all__ = ["Death", "Status", "symbols"]

PATIENCE = 0.5
"""Seconds that the worker is given for its figures; without them the others are told."""

KEPT = 10
"""Deaths of workers that are told, the last ones."""


class Death(NamedTuple):
    """The end of a worker. `time` is in seconds since 1970."""

    generation: int
    time: float
    reason: str


class Status:
    """Answers with one JSON object, and hangs up; who wants a `reload` is passed on. For the
    supervisor's thread; never waits for the worker. Where the socket cannot be made, nobody is
    answered, and the log says why."""

    def __init__(
        self, report: Report, machine: Machine, overdue: Overdue, reloads: Reloads
    ) -> None:
        self._report = report
        self._machine = machine
        self._overdue = overdue
        self._reloads = reloads
        self._began = self._spawned_at = time.monotonic()
        self._worker: Spawned | None = None
        self._deaths: list[Death] = []
        self._asking: list[socket.socket] = []
        self._worker_asked = False  # and has not answered: it gets no second question
        self._due: float | None = None
        self._desk: Desk | None = None

    def open(self) -> None:
        """Make the socket; once this process ends in order when it is told to."""
        try:
            self._desk = Desk()
        except (EkuiperError, OSError) as error:
            self._report("WARNING", f"there is no status: {error}")

    @property
    def descriptors(self) -> list[int]:
        """Readable when `look` has something to do."""
        return [] if self._desk is None else self._desk.descriptors

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do at the latest."""
        silent = None if self._desk is None else self._desk.deadline
        return min((each for each in (self._due, silent) if each is not None), default=None)

    def look(self, now: float) -> None:
        """Let in whoever asks, and answer."""
        if self._desk is None:
            return
        for wanted, one in self._desk.look(now, len(self._asking) + self._reloads.waiting):
            if wanted == "reload":
                self._reloads.want("somebody asked for it", one)
            else:
                self._asking.append(one)
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
        reason = self._machine.said or how
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
        if self._desk is not None:
            self._desk.close()
        self.forget()

    def forget(self) -> None:
        """Let go of the descriptors; in a forked worker, whose socket it is not."""
        desk, self._desk = self._desk, None
        if desk is not None:
            desk.forget()
        self._reloads.forget()
        while self._asking:
            self._asking.pop().close()
        self._due = None

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
        answer = stdlib_dumps(self._object(figures), "status")
        self._due = None
        while self._asking:
            reply(self._asking.pop(), answer)

    def _object(self, figures: bytes | None) -> dict[str, Any]:
        now, machine, starts = time.monotonic(), self._machine, self._machine.starts
        running = None if figures is None else stdlib_loads(figures, figures)
        return {
            "plugin": self._report.plugin,
            "pid": os.getpid(),
            "worker_pid": self._worker.pid if self._worker is not None else None,
            "generation": machine.generation,
            "state": machine.state.value,
            "failure": machine.failure or None,
            "uptime": now - self._began,
            "worker_uptime": now - self._spawned_at if self._worker is not None else None,
            "restarts": max(0, machine.generation - 1 - machine.reloads),
            "reloads": machine.reloads,
            "reloading": machine.swap.stage.value if machine.swap is not None else None,
            "reload": self._reloads.last,
            "deaths": [death._asdict() for death in self._deaths],
            "memory": memory(family(os.getpid())),
            "symbols": symbols(
                [order for key, order in starts.live.items() if key not in starts.parked],
                starts.left_out,
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
