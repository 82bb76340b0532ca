"""How much is measured: everything that bounds the time a bench takes."""

from typing import NamedTuple

__all__ = ["FULL", "QUICK", "RATE", "SLOW", "Scale"]

RATE = 10_000.0
"""Rows a second at which none may be lost."""

SLOW = 100.0
"""Rows a second at which waiting must cost nothing."""


class Scale(NamedTuple):
    """Counts and times, times in seconds."""

    rounds: int
    """How often each measurement is made, in turn with the others; medians are told."""
    warm: float
    """Load before a window in which figures are taken."""
    window: float
    starts: int
    """Of each process whose start is timed."""
    paced: float
    """Of rows at a given rate."""
    idle: float
    """Of doing nothing."""
    functions: tuple[int, ...]
    """Declared functions, for growth."""
    rules: tuple[int, ...]
    large: int = 1_000_000
    """Bytes in a large payload."""


FULL = Scale(
    rounds=3,
    warm=0.4,
    window=1.2,
    starts=10,
    paced=3.0,
    idle=60.0,
    functions=(1, 10, 100),
    rules=(1, 10, 50),
)

QUICK = Scale(
    rounds=1,
    warm=0.15,
    window=0.3,
    starts=3,
    paced=1.0,
    idle=3.0,
    functions=(1, 10, 100),
    rules=(1, 10, 50),
)
