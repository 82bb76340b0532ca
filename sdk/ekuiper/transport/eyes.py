"""Waiting for any of several descriptors, by a descriptor that can itself be waited for."""

import select
from collections.abc import Callable

from ..typed import Any, Protocol

__all__ = ["Eyes", "Watched", "new_eyes"]


class Watched(Protocol):
    """What can be looked at."""

    def fileno(self) -> int: ...


class Eyes(Protocol):
    """On some descriptors. Any thread may add and remove while another looks."""

    def fileno(self) -> int:
        """Readable whenever `look` would find something."""

    def add(self, one: Watched | int, found: Any = None) -> None:
        """Look at it too; it is found as `found`."""

    def remove(self, one: Watched | int) -> None:
        """Look at it no more, before its descriptor is closed."""

    def look(self, patience: float | None) -> list[Any]:
        """Wait, for so many seconds or for ever, until some are readable, and tell which."""

    def close(self) -> None:
        """Let go of the descriptor."""


class _Epoll:
    """Those of Linux. `selectors` looks no better, takes twice as long, and a while to import."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._found: dict[int, Any] = {}
        self.fileno = self._epoll.fileno
        self.close = self._epoll.close

    def add(self, one: Watched | int, found: Any = None) -> None:
        number = one if isinstance(one, int) else one.fileno()
        self._found[number] = found
        self._epoll.register(number, select.EPOLLIN)

    def remove(self, one: Watched | int) -> None:
        number = one if isinstance(one, int) else one.fileno()
        del self._found[number]
        self._epoll.unregister(number)

    def look(self, patience: float | None) -> list[Any]:
        found = self._found
        return [found[number] for number, _ in self._epoll.poll(patience) if number in found]


class _Selector:
    """Those of any other system."""

    def __init__(self) -> None:
        import selectors

        self._selector = selectors.DefaultSelector()
        self.close = self._selector.close

    def fileno(self) -> int:
        number: int = self._selector.fileno()
        return number

    def add(self, one: Watched | int, found: Any = None) -> None:
        self._selector.register(one, 1, found)

    def remove(self, one: Watched | int) -> None:
        self._selector.unregister(one)

    def look(self, patience: float | None) -> list[Any]:
        return [key.data for key, _ in self._selector.select(patience)]


new_eyes: Callable[[], Eyes] = _Epoll if hasattr(select, "epoll") else _Selector
"""Raises `OSError` when there is no descriptor left."""
