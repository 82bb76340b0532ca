"""The same on many hosts at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["together"]

A = TypeVar("A")
B = TypeVar("B")

_MOST = 16


def together(work: Callable[[A], B], each: Sequence[A], stop: threading.Event) -> list[B]:
    """What `work` returns for each, in that order; it runs on a thread for each, at most 16 at
    once. Ctrl-C sets `stop` and waits on, as what has begun must be ended in order; a second one
    raises `KeyboardInterrupt`."""
    with ThreadPoolExecutor(min(len(each), _MOST) or 1, "ekuiper-deploy") as pool:
        futures = [pool.submit(work, one) for one in each]
        try:
            _all(futures)
        except KeyboardInterrupt:
            stop.set()
            _all(futures)
        return [future.result() for future in futures]


def _all(futures: "list[Future[B]]") -> None:
    """As `wait`, but in pieces, between which Python notices Ctrl-C."""
    left = set(futures)
    while left:
        _, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
