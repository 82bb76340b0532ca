"""Calls that take too long are told, with the stack, while they do; in the process they are in.

It costs a call next to nothing, as no time is taken: who looks at the calls in flight, now and
then, remembers which it saw before. While none come nobody looks, until a function that is called
for the first time since then says so. In a worker its main thread looks, when it has no command.
"""

import logging
import threading
import time
from _thread import get_ident
from collections.abc import Callable
from types import CodeType

from ..errors import EkuiperError
from ..protocol.codec import decode_call
from .context import place_of
from .logs import PLACE
from .stacks import frame_of, stack_of, warn
from .supervision.inflight import Calls, InFlight, between_looks, patience

__all__ = ["Hangs", "watched_by_thread"]

_log = logging.getLogger(__name__)


class Hangs:
    """The watch over the calls of one process.

    `roused` is called, mostly on the thread of a function, when calls come again after a pause;
    from then on one thread calls `look` whenever no time is `left`, until that is None.
    """

    def __init__(self, calls: InFlight, roused: Callable[[], None]) -> None:
        self._limit = patience(None)
        self._calls = calls
        self._roused = roused
        self._codes: dict[int, tuple[str, CodeType]] = {}
        self._quiet: dict[int, list[bool]] = {}
        self._stirred = False
        self._seen = Calls()
        self._calm = False
        self._due = 0.0

    def limit_to(self, call_timeout: float | None) -> None:
        """Before any call: how long one may take."""
        self._calls.timeout = call_timeout
        self._limit = patience(call_timeout)

    def watch(self, number: int, what: str, code: CodeType) -> list[bool]:
        """Watch over a function too, whose calls run this code with the request as `frame`. While
        the list that is returned is not empty, `rouse` is to be called before a call."""
        self._codes[number] = what, code
        self._quiet[number] = [True]
        return self._quiet[number]

    def rouse(self, number: int) -> None:
        """A function is about to be called; on its thread."""
        self._calls.threads[number] = get_ident()
        self._quiet[number].clear()
        self._stirred = True  # before the look at `awake`: `_sleep` does it the other way round
        if not self._calls.awake:
            self._wake()

    @property
    def left(self) -> float | None:
        """Seconds until the next look; None while no calls come."""
        return max(0.0, self._due - time.monotonic()) if self._calls.awake else None

    def look(self) -> None:
        """Tell the calls that take too long; after two looks without any it is enough."""
        now = time.monotonic()
        self._due = now + between_looks(self._limit)
        flying = self._calls.calls()
        self._seen.look(now, flying)
        for number, serial, seconds in self._seen.longer(now, self._limit):
            if self._calls.told[number] != serial:
                self._try_to_tell(number, serial, seconds)
        if flying or (self._calm and self._stirred):
            self._calm = False
        elif not self._calm:
            self._calm = True
            self._stirred = False
            for each in list(self._quiet.values()):
                each[:] = [True]
        else:
            self._sleep()

    def _wake(self) -> None:
        self._due = time.monotonic() + between_looks(self._limit)
        self._calls.awake = True
        self._roused()

    def _sleep(self) -> None:
        self._calm = False
        self._calls.awake = False
        if self._stirred:
            self._wake()  # at this very moment; there is no harm in being roused once too often

    def _try_to_tell(self, number: int, serial: int, seconds: float) -> None:
        try:
            self._tell(number, serial, seconds)
        except Exception:  # whatever author code made of its frames, the watch goes on
            _log.exception("%s hangs, and its stack cannot be told", self._codes[number][0])
        self._calls.told[number] = serial

    def _tell(self, number: int, serial: int, seconds: float) -> None:
        what, code = self._codes[number]
        thread = self._calls.threads[number]
        at = frame_of(thread, code)
        stack = stack_of(thread)
        if at is None or self._calls.calls().get(number) != serial:
            return  # it has just ended
        text = (
            f"{what}: a call takes longer than {self._limit:g} s ({seconds:.1f} s so far), now at:"
        )
        token = PLACE.set(_place_of(at.f_locals["frame"]))
        try:
            warn(_log, text, stack)
        finally:
            PLACE.reset(token)


def watched_by_thread(calls: InFlight) -> Hangs:
    """For a process whose main thread waits for something else."""
    alarms = threading.Semaphore(0)
    hangs = Hangs(calls, alarms.release)

    def watch() -> None:
        while True:
            alarms.acquire()
            while (left := hangs.left) is not None:
                time.sleep(left)
                hangs.look()

    threading.Thread(target=watch, name="watch calls", daemon=True).start()
    return hangs


def _place_of(frame: bytes) -> str:
    try:
        context = decode_call(frame).context
    except EkuiperError:
        return ""
    return place_of(context) if context is not None else ""
