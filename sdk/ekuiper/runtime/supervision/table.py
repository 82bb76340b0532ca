"""What the supervisor does for one worker after the other, as a pure table: events in, actions out.

No clock, descriptor or process: every event says what time it is, and `deadline` says when `tick`
has to be called. The host has one command open at a time; so has the worker.

    NONE -- spawn --> IMPORTING -- ready --> REPLAYING -- all given --> SERVING
Death leads back to NONE, `leave` to LEAVING, both from everywhere. `machine` adds reloads.
"""

from ...protocol.control import encode_result
from .actions import Action, Answer, Kill, Leave, Log, Send, Spawn
from .backoff import Crashes
from .orders import Order
from .starts import Starts
from .states import Out, State

__all__ = ["PATIENCE", "START_TIMEOUT", "Table"]

TRIES = 2
"""Workers that a start may kill before it is answered with an error."""

START_TIMEOUT = 300.0
"""Seconds that a start is held while the worker imports, until it says its own limit."""

PATIENCE = 15.0
"""Seconds that the worker may take for a command beyond what it allows the author's code."""

_OK = encode_result(None)


class Table:
    """The memory of a plugin: which starts hold, what the host waits for, how the worker is.

    `source` names, for messages, what the worker imports. Each event returns what to do, in order.
    """

    def __init__(self, source: str, start_timeout: float = START_TIMEOUT) -> None:
        self.state = State.NONE
        self.generation = 0
        self.starts = Starts()
        self._source = source
        self._start_timeout = start_timeout
        self._command: Order | None = None
        self._out: Out | None = None
        self._numbers = 0
        self._undo: list[Order] = []
        self._crashes = Crashes()
        self._spawn_at: float | None = None
        self.said = self.failure = ""  # why this worker cannot serve; the last one, until one can
        self._did: list[Action] = []

    def begin(self, now: float) -> list[Action]:
        """The handshake was sent."""
        self._spawn()
        return self._done()

    def command(self, now: float, frame: bytes) -> list[Action]:
        """The host sent a command."""
        if self.state is not State.LEAVING:
            self._command = order = Order(frame, now)
            if order.starts and order.key is not None:
                self.starts.forgive(order.key)
            if order.stops and self.state in (State.NONE, State.IMPORTING):
                self.starts.remove(order.key)
                self._answer(_OK)
            elif self.state is State.NONE:
                self._spawn()
            self._pump(now)
        return self._done()

    def ready(self, now: float, start_timeout: float) -> list[Action]:
        """The worker has imported everything and dialled its functions."""
        if self.state is State.IMPORTING:
            self.state = State.REPLAYING
            self.failure = ""
            self._start_timeout = start_timeout
            self._crashes.ready(now)
            self.starts.replay(self._command.key if self._command is not None else None)
            self._pump(now)
        return self._done()

    def failed(self, now: float, reason: str) -> list[Action]:
        """The worker says why it cannot serve; it will end now."""
        if self.state is State.IMPORTING:
            self.said = reason
            self._refuse(reason)
        return self._done()

    def replied(self, now: float, number: int, frame: bytes) -> list[Action]:
        """The worker answered a command."""
        out = self._out
        if out is not None and out.number == number:
            self._out = None
            self._settle(now, out, frame)
            self._pump(now)
        return self._done()

    def died(self, now: float, how: str, *, asked: bool = False) -> list[Action]:
        """The worker has ended; what it wrote was read before. `how` is like "by SIGSEGV"; it may
        have died of what it was `asked` by then."""
        if self.state not in (State.NONE, State.LEAVING):
            self._log("ERROR", self._obituary(how))
            if self.said not in ("", self.failure) and self.starts.live:
                self._log("ERROR", f"no call or row is seen to until this is mended: {self.said}")
            self.failure = self.said
            imported, self.state = self.state is not State.IMPORTING, State.NONE
            out, self._out = self._out, None
            self._undo.clear()
            self.starts.lose()
            if out is not None:
                self._died_at(out, how, asked)
            elif not imported and not self.said:
                self._died_importing(how)
            self._respawn(now, needed=imported or not self.said)
        return self._done()

    def cut(self, now: float) -> list[Action]:
        """The control channel was lost: nobody waits for an answer."""
        self._command = None
        if self._out is not None:
            self._out.silent = True
        return self._done()

    def leave(self, now: float, status: int, why: str) -> list[Action]:
        """The host is gone, or this process was told to end."""
        if self.state is not State.LEAVING:
            self.state = State.LEAVING
            self._command = self._out = None
            self._log("INFO", why)
            self._did.append(Leave(status))
        return self._done()

    def tick(self, now: float) -> list[Action]:
        """`deadline` has come."""
        if self.state is State.NONE and self._spawn_at is not None and now >= self._spawn_at:
            self._spawn()
        self._check_command(now)
        self._check_out(now)
        self._pump(now)
        return self._done()

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do; None: an event comes first."""
        times = [self._spawn_at]
        if self._command is not None and self._waits:
            times.append(self._command.since + self._start_timeout)
        if self._out is not None:
            times.append(self._out.limit)
        elif self.state is State.SERVING:
            times.append(self.starts.next_due)
        return min((time for time in times if time is not None), default=None)

    @property
    def replays(self) -> bool:
        """Whether the command at the worker is a start that it is given again."""
        return self._out is not None and self._out.replay

    @property
    def _waits(self) -> bool:  # the host's command, if any, to be given to the worker
        return self._out is None or self._out.order is not self._command

    def _pump(self, now: float) -> None:
        """Give the worker its next command, if it has none: the host's before the replay."""
        if self._out is not None or self.state not in (State.REPLAYING, State.SERVING):
            return
        if self._undo:
            self._send(now, self._undo.pop(0)).silent = True
        elif self._command is not None:
            self._send(now, self._command)
        elif (order := self.starts.take()) is not None:
            self._send(now, order, replay=True)
        else:
            self.state = State.SERVING
            if (order := self.starts.take_due(now)) is not None:
                self._send(now, order, replay=True)

    def _send(self, now: float, order: Order, *, replay: bool = False) -> Out:
        self._numbers += 1
        limit = now + PATIENCE + (self._start_timeout if order.shared else 0.0)
        self._out = Out(self._numbers, order, replay=replay, limit=limit)
        self._did.append(Send(self._numbers, order.frame))
        return self._out

    def _settle(self, now: float, out: Out, frame: bytes) -> None:
        """A reply: remember first, then answer."""
        order, ok = out.order, frame == _OK
        if out.refused:
            if ok and order.starts and not order.shared:
                self._undo.append(order.undone())
        elif out.replay:
            if ok:
                self.starts.replayed(order, now, ok=True)
            else:
                self._retry(now, order, frame.decode("utf-8", "replace"))
        elif order.starts and ok:
            self.starts.add(order)
        elif order.stops or not order.shared:
            self.starts.remove(order.key)  # a failed start has ended what ran before
        if not out.silent:
            self._answer(frame)

    def _retry(self, now: float, order: Order, reason: str) -> None:
        if delay := self.starts.replayed(order, now, ok=False):
            self._log("WARNING", f"{order.what}: no start, again in {delay:g} s: {reason}")

    def _died_importing(self, how: str) -> None:
        if self._command is not None:
            self._command.deaths += 1
            if self._command.deaths >= TRIES:
                self._refuse(f"the worker ended {how} while it imported {self._source}")

    def _died_at(self, out: Out, how: str, asked: bool) -> None:
        order = out.order
        if out.replay:
            if self.starts.killed(order, surely=not asked):
                self._log("ERROR", f"{order.what} is left out: its start kills the worker ({how})")
        elif order.stops:
            self.starts.remove(order.key)
            if not out.silent:
                self._answer(_OK)
        elif not out.silent:
            order.deaths += 1
            if order.deaths >= TRIES:
                self._refuse(f"the start of {order.what} killed the worker ({how})")

    def _respawn(self, now: float, *, needed: bool) -> None:
        """`needed`: even if nothing runs; a failed import waits for the next start."""
        delay = self._crashes.died(now)
        if self._command is not None:
            self._spawn()
        elif needed or self.starts.live:
            self._spawn_at = now + delay

    def _spawn(self) -> None:
        self.generation += 1
        self.state = State.IMPORTING
        self._spawn_at = None
        self.said = ""
        self._did.append(Spawn())

    def _check_command(self, now: float) -> None:
        order = self._command
        if order is None or not self._waits or now < order.since + self._start_timeout:
            return
        if self._out is not None and self._out.order.key == order.key:
            self._out.refused = True  # an earlier start of the same symbol
        waited = f"{now - order.since:.0f} s"
        if self.state in (State.NONE, State.IMPORTING):
            self._refuse(f"still importing {self._source}, {waited}")
        else:
            self._give_up(order, f"the worker is busy with another command, {waited}")

    def _check_out(self, now: float) -> None:
        """Whoever waits for the worker's reply waits no longer; the worker gets nothing more, and
        later it is killed: author code keeps its main thread from running."""
        out = self._out
        if out is None or out.limit is None or now < out.limit:
            return
        if out.late:
            out.limit = None
            self._log("ERROR", "the worker still does not answer; it is killed")
            self._did.append(Kill())
            return
        out.late, out.limit = True, now + PATIENCE
        self._log("ERROR", f"the worker has not answered the command for {out.order.what}")
        if not out.silent:
            out.silent = out.refused = True
            self._give_up(out.order, f"{out.order.what}: the worker does not answer")

    def _give_up(self, order: Order, reason: str) -> None:
        """Answer without the worker: a stop well, a start with an error."""
        if order.stops:
            self.starts.remove(order.key)
            self._answer(_OK)
        else:
            self._refuse(reason)

    def _refuse(self, reason: str) -> None:
        """Answer the host's command, if there is one, with an error."""
        if self._command is not None:
            if not self._command.shared:  # else other rules may still use the function
                self.starts.remove(self._command.key)
            self._answer(encode_result(reason))

    def _answer(self, frame: bytes) -> None:
        self._command = None
        self._did.append(Answer(frame))

    def _obituary(self, how: str) -> str:
        doing = f" while it imported {self._source}" if self.state is State.IMPORTING else ""
        held = f"; starting {self.starts} again" if self.starts.live else ""
        return f"worker {self.generation} ended {how}{doing}{held}"

    def _log(self, level: str, text: str) -> None:
        self._did.append(Log(level, text))

    def _done(self) -> list[Action]:
        did, self._did = self._did, []
        return did
