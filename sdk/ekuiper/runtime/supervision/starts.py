"""Which starts hold, and how the next worker is given them. Pure."""

from .backoff import Retries
from .orders import Key, Order

__all__ = ["Starts"]

REPLAY_TRIES = 3
"""Workers in a row that a replayed start may kill before it is left out."""

_DOUBT = 3
"""Workers that count as one, since a call or a row may have killed them just as well: after two
that is not asked again."""


class Starts:
    """Each start that was answered with ok and not stopped since, and its luck in replays."""

    def __init__(self) -> None:
        self.live: dict[Key, Order] = {}
        self.parked: set[Key] = set()
        """Those of `live` that are left out, since they kill workers."""
        self._todo: list[Key] = []
        self._killed: dict[Key, int] = {}
        self._retries = Retries()

    def __str__(self) -> str:
        return f"{len(self.live)} symbol{'s' * (len(self.live) > 1)}"

    def add(self, order: Order) -> None:
        """A start of the host succeeded."""
        if order.key is not None:
            self.remove(order.key)
            self.live[order.key] = order

    def remove(self, key: Key | None) -> None:
        """It was stopped, or the host was told that it does not run."""
        if key is not None:
            self.live.pop(key, None)
            self.forgive(key)
            self._retries.forget(key)
            if key in self._todo:
                self._todo.remove(key)

    def forgive(self, key: Key) -> None:
        """The host starts it anew: what it did to earlier workers counts no more."""
        self.parked.discard(key)
        self._killed.pop(key, None)

    def lose(self) -> None:
        """The worker died: nothing runs."""
        self._todo.clear()
        self._retries.clear()

    def replay(self, but: Key | None) -> None:
        """A new worker is ready for all of them, `but` for the one the host just starts."""
        keys = (key for key in self.live if key not in self.parked and key != but)
        self._todo = sorted(keys, key=lambda key: self.live[key].rank)

    def take(self) -> Order | None:
        """The next one to replay; None when all were taken."""
        return self.live[self._todo.pop(0)] if self._todo else None

    def take_due(self, now: float) -> Order | None:
        """One that failed in the replay and is to be tried again now."""
        key = self._retries.due(now)
        return None if key is None else self.live[key]

    @property
    def next_due(self) -> float | None:
        """When `take_due` will return something."""
        return self._retries.next_due

    @property
    def running(self) -> list[Order]:
        """Those that the worker runs, in the order of a replay: all but those that are left out,
        and those that failed and are to be tried again."""
        orders = (
            order
            for key, order in self.live.items()
            if key not in self.parked and not self._retries.waits(key)
        )
        return sorted(orders, key=lambda order: order.rank)

    @property
    def left_out(self) -> list[Order]:
        """Those that no worker is given."""
        return [self.live[key] for key in self.parked if key in self.live]

    def forgive_all(self, now: float) -> None:
        """The code is new: what is left out is tried again soon."""
        for key in self.parked:
            self._retries.failed(key, now)
        self.parked.clear()
        self._killed.clear()

    def replayed(self, order: Order, now: float, *, ok: bool) -> float:
        """How a replay ended; for a failed one, seconds until the next try (else 0)."""
        key = order.key
        if key is None or self.live.get(key) is not order:
            return 0.0
        self._killed.pop(key, None)
        if ok:
            self._retries.forget(key)
            return 0.0
        return self._retries.failed(key, now)

    def killed(self, order: Order, *, surely: bool = True) -> bool:
        """Its replay killed a worker, or was at least under way; whether it is left out from now
        on."""
        key = order.key
        if key is None or self.live.get(key) is not order:
            return False
        self._killed[key] = self._killed.get(key, 0) + (_DOUBT if surely else 1)
        if self._killed[key] >= REPLAY_TRIES * _DOUBT:
            self.parked.add(key)
        return key in self.parked
