"""Topics within this process: a memory action of one rule feeds the streams of others."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Bus"]

Take = Callable[[Iterable[dict[str, Any]]], None]


class Bus:
    """Any thread may use it. A topic ends when the last of its publishers has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._publishers: Counter[str] = Counter()
        self._subscribers: dict[str, list[tuple[Take, Callable[[], None]]]] = defaultdict(list)

    def join(self, topic: str) -> None:
        """One more publishes to `topic`."""
        with self._lock:
            self._publishers[topic] += 1

    def leave(self, topic: str) -> None:
        """One publishes no more."""
        with self._lock:
            self._publishers[topic] -= 1
            over = self._publishers[topic] <= 0
            ends = [end for _, end in self._subscribers[topic]] if over else []
        for end in ends:
            end()

    def subscribe(self, topic: str, take: Take, end: Callable[[], None]) -> None:
        """`take` gets what is published from now on, on the publisher's thread; `end` is called
        when no more comes, at once where nobody publishes."""
        with self._lock:
            self._subscribers[topic].append((take, end))
            over = self._publishers[topic] <= 0
        if over:
            end()

    def publish(self, topic: str, rows: Iterable[dict[str, Any]]) -> None:
        """Hand rows to all who subscribed."""
        with self._lock:
            takers = [take for take, _ in self._subscribers[topic]]
        for take in takers:
            take(rows)
