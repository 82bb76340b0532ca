"""Whether to poll for the next request or to sleep until it comes, decided while running.

Waking a sleeping process costs more than everything else in a call. Polling the socket for some
microseconds instead doubles the rate where cores are idle, and burns what the host needs where
they are not; only trying tells. So each way is judged by its turnaround: from just before our reply
is sent (on a shared core the host runs inside our `send`) to the arrival of the next request.
"""

import os
import time
from threading import Lock

from ..errors import ConfigError
from ..transport import Exchange

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

    def wait(self) -> "AdaptiveWait":
        """For one more function."""
        return AdaptiveWait(self._turn, always=self._always)


class AdaptiveWait:
    """Chooses, and carries out, the way to wait for one function's requests; for one thread.

    `always` fixes the way, for measurements. `turn` is shared with those who must not poll at the
    same time. Underneath, the clock is an argument: `window` is asked before a wait, `received`
    told after it, and `sending` just before the reply goes out.
    """

    __slots__ = (
        "_alarm",
        "_always",
        "_average",
        "_came",
        "_due",
        "_hold",
        "_left",
        "_polls",
        "_sent",
        "_sum",
        "_trial",
        "_turn",
        "_turnaround",
        "took",
    )

    def __init__(self, turn: Lock, *, always: bool | None = None) -> None:
        self._turn = turn
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
        self._came = 0
        self.took = 0
        """Nanoseconds from the last request to just before its reply was sent."""

    @property
    def polls(self) -> bool:
        """The way in use, be it on trial."""
        return self._polls

    def recv(self, exchange: Exchange) -> bytes:
        """The next request."""
        window = self.window()
        if window:
            try:
                frame = exchange.recv(spin=window)
            finally:
                self.release()
        else:
            frame = exchange.recv()
        self._came = time.perf_counter_ns()
        return frame

    def send(self, exchange: Exchange, reply: bytes) -> None:
        """Answer it. What there is to note is noted while the host has the reply."""
        now = time.perf_counter_ns()
        try:
            exchange.send(reply)
        finally:
            self.took = now - self._came
            self.received(self._came)
            self.sending(now)

    def window(self) -> int:
        """Nanoseconds to poll for the next request, until `release`; 0 to sleep at once."""
        wanted = self._polls if self._always is None else self._always
        if wanted and self._turnaround < CAP and self._turn.acquire(False):
            return WINDOW
        return 0

    def release(self) -> None:
        """The polling that `window` allowed is over."""
        self._turn.release()

    def received(self, now: int) -> None:
        """A request came."""
        turnaround = now - self._sent
        self._turnaround = turnaround = CAP if turnaround > CAP else turnaround
        self._sum += turnaround
        self._left -= 1
        if not self._left or (self._trial and self._sum > self._average):
            self._judge()

    def sending(self, now: int) -> None:
        """A reply is about to be sent."""
        self._sent = now

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
