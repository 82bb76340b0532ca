"""How often author code was called, for those plugins that want a new worker now and then."""

from collections.abc import Callable
from itertools import count

__all__ = ["Wear"]


class Wear:
    """Counts calls, on any thread, and tells when there were `limit` of them."""

    def __init__(self, limit: int, tell: Callable[[str], None]) -> None:
        self._limit = limit
        self._next = count(1).__next__
        self._tell = tell

    def called(self) -> None:
        """Author code was."""
        calls = self._next()
        if calls % self._limit == 0:
            self._tell(f"it has done {calls:,} calls, as many as max_calls={self._limit:,}")

    def counting(self, add: Callable[[int], None]) -> Callable[[int], None]:
        """`add`, and count a call."""

        def added(took: int) -> None:
            add(took)
            self.called()

        return added
