"""A reload: the worker beside the one that serves, until it takes over or is dropped. Pure.

    IMPORTING -- ready --> PREPARING -- all that runs is prepared --> SWITCHING -- taken --> over
Until SWITCHING the old worker knows of nothing, and whatever goes wrong ends the new one.
"""

from ...typed import Enum
from .actions import Action, Drop, Prepare, Reloaded, SpawnBeside, Switch
from .orders import Key, Order

__all__ = ["PREPARE_TIMEOUT", "SWITCH_TIMEOUT", "Stage", "Swap"]

PREPARE_TIMEOUT = 15.0
"""Seconds for one source or sink to be made and configured beside the old one."""

SWITCH_TIMEOUT = 15.0
"""Seconds until the new worker has to have everything."""

_ALL_WELL = b"ok"


class Stage(Enum):
    """How far it is. ENDING is instead of all others where the old worker ends first."""

    IMPORTING = "importing"
    PREPARING = "preparing"
    SWITCHING = "switching"
    ENDING = "ending"


class Swap:
    """One reload. `source` names what is imported, `limit` is how long that may take."""

    def __init__(self, now: float, source: str, limit: float) -> None:
        self.stage = Stage.IMPORTING
        self.deadline: float | None = now + limit
        """When `tick` has something to do."""
        self.start_timeout = limit
        self._source = source
        self._began = now
        self._prepared: dict[Key, tuple[int, Order]] = {}
        self._out: tuple[int, Order] | None = None

    @property
    def beside(self) -> bool:
        """Whether the old worker still serves, and the new one can be dropped."""
        return self.stage in (Stage.IMPORTING, Stage.PREPARING)

    def begin(self) -> list[Action]:
        """Start the new worker."""
        return [SpawnBeside()]

    def ready(self, start_timeout: float) -> None:
        """It has imported everything; `advance` is next."""
        if self.stage is Stage.IMPORTING:
            self.stage = Stage.PREPARING
            self.start_timeout = start_timeout
            self.deadline = None

    def replied(self, number: int, frame: bytes) -> list[Action]:
        """It has prepared something, or says why not; `advance` is next."""
        if self._out is None or self._out[0] != number:
            return []
        order, self._out, self.deadline = self._out[1], None, None
        if frame != _ALL_WELL:
            reason = frame.decode("utf-8", "replace").removeprefix("error: ")
            return self.fail(f"{order.what}: {reason}")
        if order.key is not None:
            self._prepared[order.key] = number, order
        return []

    def fail(self, reason: str) -> list[Action]:
        """It will not do: all stays as it is."""
        self.deadline = None
        return [Drop(), Reloaded(reason)]

    def died(self, how: str) -> list[Action]:
        """It has ended by itself."""
        doing = f"imported {self._source}" if self.stage is Stage.IMPORTING else "was prepared"
        return self.fail(f"the new worker ended {how} while it {doing}")

    def advance(self, now: float, number: int, running: list[Order], idle: bool) -> list[Action]:
        """The next step, if it may be taken: prepare one more of what is `running`, with this
        `number`, or switch, if the old worker is `idle`."""
        if self.stage is not Stage.PREPARING or self._out is not None:
            return []
        for order in running:
            if order.key is not None and self._known(order.key) is not order:
                self._out = number, order
                self.deadline = now + (self.start_timeout if order.shared else PREPARE_TIMEOUT)
                return [Prepare(number, order.frame)]
        if not idle:
            return []
        self.stage = Stage.SWITCHING
        self.deadline = now + SWITCH_TIMEOUT
        keys = {order.key for order in running}
        return [Switch([n for key, (n, _) in self._prepared.items() if key in keys])]

    def tick(self, now: float) -> list[Action]:
        """`deadline` may have come; of SWITCHING it is the machine's business."""
        if not self.beside or self.deadline is None or now < self.deadline:
            return []
        if self._out is None:
            return self.fail(f"still importing {self._source}, {now - self._began:.0f} s")
        return self.fail(f"{self._out[1].what} was not prepared in time")

    def order(self, number: int) -> Order | None:
        """What was prepared with this number."""
        return next((order for n, order in self._prepared.values() if n == number), None)

    def _known(self, key: Key) -> Order | None:
        return self._prepared[key][1] if key in self._prepared else None
