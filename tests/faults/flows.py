"""What a host does with a plugin all the time: it takes rows, calls functions, and gives rows."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ekuiper.errors import ChannelClosedError, ChannelTimeoutError, EkuiperError
from ekuiper.host.embedded import Host, SinkHandle, SourceHandle
from ekuiper.protocol.messages import Row

from .journal import Journal

__all__ = ["Caller", "Giver", "Taker"]


_PAUSE = 0.2  # seconds after which a user whose rule did not start tries again
_PATIENCE = 10.0
_POISONED = 5  # times that a row is given that kills

Handle = TypeVar("Handle", SourceHandle, SinkHandle)


def _again(handle: Handle, start: Callable[[], Handle]) -> tuple[Handle, EkuiperError | None]:
    """Stop and start it, as a rule that is restarted; also the first error, if it took several
    attempts. Raises `HostError` when none succeeds."""
    failure = None
    try:
        handle.stop()
    except EkuiperError as error:
        failure = error
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return start(), failure
        except EkuiperError as error:
            failure = failure or error
            if time.monotonic() > deadline:
                raise
        threading.Event().wait(_PAUSE)


class _Flow:
    """A thread that does something again and again until the host closes."""

    def __init__(self, name: str, journal: Journal, pace: float) -> None:
        self.name = name
        self.journal = journal
        self._pace = pace
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._main, name=f"flow {name}", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def turn(self) -> None:
        raise NotImplementedError

    def _main(self) -> None:
        while not self._ended.wait(self._pace):
            try:
                self.turn()
            except ChannelClosedError:
                if not self._ended.wait(0.01):  # it is being started again
                    continue


class Caller(_Flow):
    """Calls a function with a number no other call has, and looks whether it comes back."""

    def __init__(self, host: Host, name: str, base: int, journal: Journal, pace: float) -> None:
        super().__init__(name, journal, pace)
        self._function = host.function(name)
        self._numbers = itertools.count(base)

    def turn(self) -> None:
        self.call(next(self._numbers))

    def call(self, number: int, filling: str = "") -> None:
        began = time.monotonic()
        asked = [number, filling] if filling else number
        try:
            answer = self._function.exec(asked)
        except ChannelClosedError:
            raise
        except EkuiperError as error:
            outcome = f"error: {error}"
        else:
            outcome = "ok" if answer == asked else f"wrong: {answer!r:.100}"
        self.journal.write("call", self.name, number, began, outcome)

    def call_poison(self) -> None:
        """A call that kills whoever answers it."""
        began = time.monotonic()
        try:
            outcome = repr(self._function.exec("poison"))
        except EkuiperError as error:
            outcome = f"error: {error}"
        self.journal.write("poison", "function", began, outcome)


class Taker(_Flow):
    """Takes the rows of the source."""

    def __init__(self, host: Host, name: str, journal: Journal) -> None:
        super().__init__("source", journal, 0.0)
        self._host = host
        self._symbol = name
        self._restarting = threading.Lock()
        self.handle: SourceHandle = host.source(name)

    def turn(self) -> None:
        try:
            row = self.handle.recv(0.2)
        except ChannelTimeoutError:
            return
        if isinstance(row, Row):
            self.journal.write("row", row.message["epoch"], row.message["n"])
        else:
            self.journal.write("told", row.text)

    def restart(self) -> None:
        """As at the restart of a rule."""
        start = partial(self._host.source, self._symbol)
        with self._restarting:
            self.handle, failure = _again(self.handle, start)
        if failure is not None:
            raise failure


class Giver(_Flow):
    """Gives rows to the sink, and waits for each one's ack if there are any."""

    def __init__(
        self, host: Host, name: str, base: int, journal: Journal, pace: float, acks: bool
    ) -> None:
        super().__init__("sink", journal, pace)
        self._host = host
        self._symbol = name
        self._config = {"requireAck": True} if acks else {}
        self._numbers = itertools.count(base)
        self._lock = threading.Lock()
        self._restarting = threading.Lock()
        self.handle: SinkHandle = host.sink(name, config=self._config)

    def turn(self) -> None:
        self.give(next(self._numbers))

    def give(self, number: int, filling: str = "") -> None:
        row = {"n": number, "filling": filling} if filling else {"n": number}
        with self._lock:
            began = time.monotonic()
            try:
                self.handle.send(json.dumps(row).encode())
            except ChannelClosedError:
                self.journal.write("given", number, began, "error: closed")
                raise
            except EkuiperError as error:
                outcome = f"error: {error}"
            else:
                outcome = "ok"
            self.journal.write("given", number, began, outcome)

    def give_poison(self, number: int) -> None:
        """The same row again and again, which kills whoever collects it; with acks until the
        answer is that it will not be."""
        began = time.monotonic()
        row = json.dumps({"n": number, "poison": True}).encode()
        outcome = ""
        for _ in range(_POISONED):
            try:
                with self._lock:
                    self.handle.send(row)
                outcome = "ok"
            except EkuiperError as error:
                outcome = f"error: {error}"
            if "killed its worker" in outcome or self._ended.wait(_PAUSE):
                break
        self.journal.write("poison", "sink", began, outcome)

    def restart(self) -> None:
        """As at the restart of a rule."""
        start = partial(self._host.sink, self._symbol, config=self._config)
        with self._restarting:
            self.handle, failure = _again(self.handle, start)
        if failure is not None:
            raise failure
