"""What is done to a plugin, and when: drawn from a seed, so that it can be had again."""

import signal
from typing import NamedTuple

__all__ = ["FUNCTIONS", "HANG", "HOLD", "POINTS", "SIGNALS", "SYMBOLS", "Plan", "Step"]

FUNCTIONS = ("first", "second", "third")
SIGNALS = (signal.SIGKILL.value, signal.SIGSEGV.value, signal.SIGABRT.value)
POINTS = ("import", "configure", "open", "exec", "emit", "collect", "close")
"""Where the plugin looks whether it shall die: `import` is before it is ready, `exec` between a
request and its reply, `emit` before a row, `collect` between a row and its ack."""

SYMBOLS = ("source", "sink")

HANG, HOLD = 0, -1
"""Instead of a signal: a call never returns; and lets no other thread run."""


class Step(NamedTuple):
    """One fault, `at` seconds after rows flow.

    `target` is which process, point, socket or symbol it befalls, or how a reload is asked for;
    `number` a signal, seconds or bytes; `count` how often a death happens.
    """

    at: float
    what: str
    target: str = ""
    number: float = 0
    count: int = 1


class Plan(NamedTuple):
    """One run: how the plugin is set up, and what befalls it."""

    seed: int
    supervised: bool
    light: bool
    acks: bool
    """Whether the sink's action has `requireAck`."""
    wrapped: bool
    """Whether the host starts the plugin by a wrapper two processes deep, and kills that."""
    full_disk: bool
    """Whether stdout and stderr go where nothing fits."""
    steps: tuple[Step, ...]
    pace: float = 0.0
    """Seconds between two rows, calls or messages; 0: as whoever plays it likes."""
    call_timeout: float = 0.0
    """Seconds that a call may take, as the plugin says; 0: without a limit."""

    @property
    def ends(self) -> float:
        """Seconds from the first row to the end of the last fault."""
        lasting = ("pause", "hide", "replace")
        return max(
            (step.at + (step.number if step.what in lasting else 0) for step in self.steps),
            default=0.0,
        )
