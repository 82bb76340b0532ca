"""Waiting for something that another process brings about, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["eventually"]

T = TypeVar("T")

_INTERVAL = 0.02


def eventually(look: Callable[[], T], what: str, timeout: float = 10.0) -> T:
    """What `look` returns as soon as that is true; fails after `timeout` seconds, telling what was
    awaited and what was seen last."""
    deadline = time.monotonic() + timeout
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s; last seen: {seen!r}")
        time.sleep(_INTERVAL)
