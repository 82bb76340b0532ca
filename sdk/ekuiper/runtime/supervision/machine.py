"""What the supervisor does when, reloads among it, as a pure table: events in, actions out.

While a reload prepares the next worker (see `swap`) the one that is there stays SERVING; then it is
SWITCHING, until the other one has taken over, and SERVING again.
"""

from collections.abc import Callable

from ...typed import Any
from .actions import Action, Drop, End, Kill, Reloaded, SpawnBeside, Switch
from .states import State
from .swap import Stage, Swap
from .table import PATIENCE, START_TIMEOUT, Table

__all__ = ["PATIENCE", "START_TIMEOUT", "Machine", "State"]


class Machine(Table):
    """A table that knows of a second worker, too. Each event returns what to do, in order."""

    def __init__(self, source: str, start_timeout: float = START_TIMEOUT) -> None:
        super().__init__(source, start_timeout)
        self.reloads = 0
        """Workers that took over from a healthy one."""
        self.swap: Swap | None = None
        self._renewing = False  # the worker that imports now is a reload's

    def reload(self, now: float, *, replace: bool) -> list[Action]:
        """Somebody wants new code: in a worker that is prepared beside this one or, with `replace`,
        comes after it. Tells `Reloaded` when that is done, or why it is not. One that is prepared
        already gives way: its code is older."""
        if self.preparing:
            self.swap = None
            self._did.append(Drop())
        if self.state is State.NONE:
            self._renewing = True
            self._spawn()
        elif self.state is not State.SERVING or self.swap is not None:
            self._did.append(Reloaded(f"the worker is {self.doing}; try again"))
        else:
            self.swap = Swap(now, self._source, self._start_timeout)
            if replace:
                self.swap.stage, self.swap.deadline = Stage.ENDING, None
                self.state = State.SWITCHING
                self._did.append(End())
            else:
                self._did.append(SpawnBeside())
        return self._done()

    def next_ready(self, now: float, start_timeout: float) -> list[Action]:
        """The worker beside has imported everything."""
        if self.swap is not None:
            self.swap.ready(start_timeout)
            self._pump(now)
        return self._done()

    def next_failed(self, now: float, reason: str) -> list[Action]:
        """The worker beside says why it cannot serve."""
        return self._beside(now, Swap.fail, reason)

    def next_replied(self, now: float, number: int, frame: bytes) -> list[Action]:
        """The worker beside has prepared something, or could not."""
        return self._beside(now, Swap.replied, number, frame)

    def next_died(self, now: float, how: str) -> list[Action]:
        """The worker beside has ended; what it said was read before."""
        return self._beside(now, Swap.died, how)

    def switched(self, now: float, failed: dict[int, str]) -> list[Action]:
        """The worker has everything from the one before, but for starts that `failed`, by number,
        and why."""
        swap = self.swap
        if swap is None or self.state is not State.SWITCHING:
            return self._done()
        self.swap, self.state = None, State.SERVING
        self.reloads += 1
        self._start_timeout = swap.start_timeout
        self._crashes.ready(now)
        self.starts.forgive_all(now)
        for number, reason in failed.items():
            if (order := swap.order(number)) is not None:
                self._retry(now, order, reason)
        self._did.append(Reloaded(None))
        self._pump(now)
        return self._done()

    @property
    def ending(self) -> bool:
        """Whether the worker was told to end, for another one to come."""
        return self.swap is not None and self.swap.stage is Stage.ENDING

    @property
    def preparing(self) -> bool:
        """Whether a worker is prepared beside this one, and can still be dropped."""
        return self.state is State.SERVING and self.swap is not None and self.swap.beside

    @property
    def rests(self) -> bool:
        """Whether the worker has symbols that run, and no command."""
        return self.state is State.SERVING and self._out is None and bool(self.starts.live)

    @property
    def hears(self) -> bool:
        """Whether the worker has no command, so that its main thread hears us."""
        return self._out is None and (self.swap is None or self.swap.beside)

    @property
    def doing(self) -> str:
        """What the plugin is at, for the user."""
        if self.swap is not None:
            return "being reloaded already"
        return {State.IMPORTING: "still importing", State.REPLAYING: "only just starting"}.get(
            self.state, self.state.value
        )

    @property
    def deadline(self) -> float | None:
        times = (super().deadline, self.swap.deadline if self.swap is not None else None)
        return min((time for time in times if time is not None), default=None)

    def ready(self, now: float, start_timeout: float) -> list[Action]:
        self._renewed(None)
        return super().ready(now, start_timeout)

    def failed(self, now: float, reason: str) -> list[Action]:
        self._renewed(reason)
        return super().failed(now, reason)

    def died(self, now: float, how: str, *, asked: bool = False) -> list[Action]:
        swap, self.swap = self.swap, None
        if swap is not None and swap.stage is Stage.ENDING:
            return self._ended_for_another()
        if swap is not None:
            who = "the worker" if swap.beside else "the new worker"
            reason = f"{who} ended {how} meanwhile; the next one has the new code"
            self._did += (Drop(), Reloaded(reason))
        self._renewed(f"the worker ended {how}")
        return super().died(now, how, asked=asked)

    def leave(self, now: float, status: int, why: str) -> list[Action]:
        self.swap = None
        return super().leave(now, status, why)

    def tick(self, now: float) -> list[Action]:
        swap = self.swap
        if swap is not None:
            self._swap_says(swap.tick(now))
            if swap.stage is Stage.SWITCHING and swap.deadline is not None and now >= swap.deadline:
                swap.deadline = None
                self._did += (Drop(), Kill())
        return super().tick(now)

    def _pump(self, now: float) -> None:
        super()._pump(now)
        if self.swap is not None and self.state is State.SERVING:
            idle = self._out is None or self._out.limit is None
            self._numbers += 1
            running = self.starts.running
            self._swap_says(self.swap.advance(now, self._numbers, running, idle))

    def _ended_for_another(self) -> list[Action]:
        """The worker has ended as it was told: now the next one."""
        self.reloads += 1
        self._renewing = True
        self._out = None
        self._undo.clear()
        self.starts.lose()
        self._spawn()
        return self._done()

    def _beside(self, now: float, event: Callable[..., list[Action]], *args: Any) -> list[Action]:
        """Something happened to the worker beside, before it took over."""
        if self.swap is not None and self.swap.beside:
            self._swap_says(event(self.swap, *args))
            self._pump(now)
        return self._done()

    def _swap_says(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Reloaded):
                self.swap = None
            elif isinstance(action, Switch):
                self.state = State.SWITCHING
                self.generation += 1
                self._out = None
        self._did += actions

    def _renewed(self, error: str | None) -> None:
        if self._renewing:
            self._renewing = False
            self._did.append(Reloaded(error))
