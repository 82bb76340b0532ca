"""What a deployment tells while it goes on, and when it has ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Outcome", "Step", "Tell"]


class Step(NamedTuple):
    """Something is being done on a host; `share` of it is done, where that is known."""

    host: str
    text: str
    share: float | None = None


Tell = Callable[[Step], None]


@dataclass
class Outcome:
    """How it ended on one host."""

    host: str
    done: bool = False
    did: str = ""
    """In a word: installed, updated, unchanged, removed, would install, … or failed."""
    reason: str = ""
    """Why it failed."""
    left: str = ""
    """How the host is after a failure."""
    host_version: str = ""
    before: str = ""
    """The URL of the archive that was installed before."""
    now: str = ""
    """And that of the one that is installed."""
    answers: dict[str, str] = field(default_factory=dict)
    """By symbol, how it was seen to work."""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
