"""Where the worker is, and what it is at."""

from ...typed import Enum
from .orders import Order

__all__ = ["Out", "State"]


class State(Enum):
    """Where the worker is."""

    NONE = "none"
    IMPORTING = "importing"
    REPLAYING = "replaying"
    SERVING = "serving"
    SWITCHING = "switching"
    LEAVING = "leaving"


class Out:
    """The command at the worker."""

    def __init__(self, number: int, order: Order, *, replay: bool, limit: float | None) -> None:
        self.number, self.order = number, order
        self.replay = replay
        self.limit = limit
        self.silent = replay  # nobody waits for the reply
        self.refused = False  # the host was told that it failed
        self.late = False  # nobody waits for it any more but we
