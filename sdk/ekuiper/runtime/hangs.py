"""Calls that take too long are told, with the stack, while they do; in the process they are in.

It costs a call next to nothing, as no time is taken: a thread of ours looks at the calls in flight,
now and then, and remembers which it saw before. While none come it sleeps, until a function that is
called for the first time since then wakes it.
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

__all__ = ["Hangs"]

_log = logging.getLogger(__name__)


class Hangs:
    """The watcher over the calls of one process.

    `roused` is called, on the thread of a function, when calls come again after a pause.
    """

    def __init__(self, calls: InFlight, roused: Callable[[], None] = lambda: None) -> None:
        self._limit = patience(None)
        self._calls = calls
        self._roused = roused
        self._codes: dict[int, tuple[str, CodeType]] = {}
        self._quiet: dict[int, list[bool]] = {}
        self._stirred = False
        self._alarms = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def limit_to(self, call_timeout: float | None) -> None:
        """Before any call: how long one may take."""
        self._calls.timeout = call_timeout
        self._limit = patience(call_timeout)

    def watch(self, number: int, what: str, code: CodeType) -> list[bool]:
        """Watch over a function too, whose calls run this code with the request as `frame`. While
        the list that is returned is not empty, `rouse` is to be called before a call."""
        self._codes[number] = what, code
        self._quiet[number] = [True]
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, name="watch calls", daemon=True)
            self._thread.start()
        return self._quiet[number]

    def rouse(self, number: int) -> None:
        """A function is about to be called; on its thread."""
        self._calls.threads[number] = get_ident()
        self._quiet[number].clear()
        self._stirred = True  # before the look at `awake`: the watcher does it the other way round
        if not self._calls.awake:
            self._wake()

    def _wake(self) -> None:
        self._calls.awake = True
        self._roused()
        self._alarms.release()  # last: what comes before would hand the watcher the lock

    def _main(self) -> None:
        while True:
            self._alarms.acquire()
            self._look_until_quiet()

    def _look_until_quiet(self) -> None:
        seen = Calls()
        quiet = False
        while True:
            time.sleep(between_looks(self._limit))
            now = time.monotonic()
            flying = self._calls.calls()
            seen.look(now, flying)
            for number, serial, seconds in seen.longer(now, self._limit):
                if self._calls.told[number] != serial:
                    self._try_to_tell(number, serial, seconds)
            if flying or (quiet and self._stirred):
                quiet = False
            elif not quiet:
                quiet = True
                self._stirred = False
                for each in list(self._quiet.values()):
                    each[:] = [True]
            elif self._sleeps():
                return

    def _sleeps(self) -> bool:
        self._calls.awake = False
        if self._stirred:
            self._wake()  # at this very moment; there is no harm in one alarm too many
        return not self._stirred

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
        PLACE.set(_place_of(at.f_locals["frame"]))
        text = (
            f"{what}: a call takes longer than {self._limit:g} s ({seconds:.1f} s so far), now at:"
        )
        warn(_log, text, stack)


def _place_of(frame: bytes) -> str:
    try:
        context = decode_call(frame).context
    except EkuiperError:
        return ""
    return place_of(context) if context is not None else ""
