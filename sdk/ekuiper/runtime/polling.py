"""Whether to poll for the next request or to sleep until it comes, decided while running.

Waking a sleeping process costs more than everything else in a call. Polling the socket for some
microseconds instead doubles the rate where cores are idle, and burns what the host needs where
they are not; only trying tells. So each way is judged by its turnaround: from just before our reply
is sent (on a shared core the host runs inside our `send`) to the arrival of the next request.
"""

import os
from collections.abc import Callable
from threading import Lock

from ..errors import ConfigError

__all__ = ["BLOCK", "CAP", "WINDOW", "AdaptiveWait", "Polling"]

WINDOW = 60_000
"""Nanoseconds to poll before sleeping after all."""

CAP = 240_000
"""A turnaround of this many nanoseconds or more counts as this many, and is never polled after: at
a hundred calls a second nothing polls, and an idle plugin sleeps."""

BLOCK = 64
"""Calls whose turnarounds are summed before the ways are compared; fewer are too noisy."""

_FIRST_HOLD = 2  # blocks before the first trial
_HOLD_AFTER_SWITCH = 8
_LONGEST_HOLD = 128
_WINS = 2  # blocks in a row that a trial must win


_CHOICES = {"auto": None, "always": True, "never": False}


class Polling:
    """How the functions of one process wait: at most one of them polls at a time.

    EKUIPER_POLL is auto (default), always or never; raises `ConfigError` for anything else.
    """

    def __init__(self) -> None:
        choice = os.environ.get("EKUIPER_POLL") or "auto"
        if choice not in _CHOICES:
            raise ConfigError("EKUIPER_POLL", f"must be auto, always or never, not {choice!r}")
        self._always = _CHOICES[choice]
        self._turn = Lock()

    def wait(self, count: Callable[[int], None]) -> "AdaptiveWait":
        """For one more function; `count` is told the nanoseconds that each call took."""
        return AdaptiveWait(self._turn, count, always=self._always)


class AdaptiveWait:
    """Chooses the way to wait for one function's requests: a `transport.Pace`.

    `always` fixes the way, for measurements. `turn` is shared with those who must not poll at the
    same time. What there is to note is noted while the host has the reply.
    """

    __slots__ = (
        "_alarm",
        "_always",
        "_average",
        "_count",
        "_due",
        "_hold",
        "_left",
        "_polls",
        "_sent",
        "_sum",
        "_trial",
        "_turn",
        "_turnaround",
        "release",
    )

    def __init__(
        self, turn: Lock, count: Callable[[int], None], *, always: bool | None = None
    ) -> None:
        self._turn = turn
        self.release = turn.release
        """The polling that `window` allowed is over."""
        self._count = count
        self._always = always
        self._polls = False  # the way that is used now
        self._trial = 0  # which block of a trial this is; 0: none is on
        self._average = 0  # of a block, the way in use outside trials
        self._alarm = 0  # an average above this starts a trial at once
        self._sum = 0  # of this block's turnarounds
        self._left = BLOCK
        self._due = self._hold = _FIRST_HOLD  # blocks until the next trial
        self._turnaround = CAP  # the last one
        self._sent = 0

    @property
    def polls(self) -> bool:
        """The way in use, be it on trial."""
        return self._polls

    def window(self) -> int:
        """Nanoseconds to poll for the next request, until `release`; 0 to sleep at once."""
        wanted = self._polls if self._always is None else self._always
        if wanted and self._turnaround < CAP and self._turn.acquire(False):
            return WINDOW
        return 0

    def answered(self, came: int, sent: int) -> None:
        """A reply is out, whose sending began at `sent`, to the request that came at `came`."""
        turnaround = came - self._sent
        self._sent = sent
        self._turnaround = turnaround = CAP if turnaround > CAP else turnaround
        self._sum += turnaround
        self._left -= 1
        if not self._left or (self._trial and self._sum > self._average):
            self._judge()
        self._count(sent - came)

    def _judge(self) -> None:
        """A block is over, or a trial is lost before its end."""
        total, self._sum, self._left = self._sum, 0, BLOCK
        if self._trial:
            self._judge_trial(total)
            return
        self._average += (total - self._average) // 8 if self._average else total
        self._due -= 1
        if self._due < 1 or self._average > self._alarm > 0:
            self._trial = 1
            self._polls = not self._polls

    def _judge_trial(self, total: int) -> None:
        # Polling costs the machine more, so it must be clearly better; sleeping just better.
        bar = 9 if self._polls else 10
        if total * 10 >= self._average * bar:
            self._polls = not self._polls
            self._settle(min(self._hold * 2, _LONGEST_HOLD))
        elif self._trial == _WINS:
            self._average = total
            self._settle(_HOLD_AFTER_SWITCH)
        else:
            self._trial += 1

    def _settle(self, hold: int) -> None:
        self._trial = 0
        self._alarm = self._average * 3 // 2
        self._due = self._hold = hold
