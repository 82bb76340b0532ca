"""What a plugin under test tells of itself, as it happens."""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Journal"]

Event = list[Any]


class Journal:
    """Receives the events that `plugins/notes.py` sends to `path`, a line each, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: list[Event] = []
        self._arrived = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="journal", daemon=True)
        self._reader.start()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._socket.shutdown(socket.SHUT_RD)  # wakes the reader
        self._reader.join()
        self._socket.close()

    def clear(self) -> None:
        """Forget what was told so far."""
        with self._arrived:
            self._events.clear()

    def events(self) -> list[Event]:
        """Everything told since the last `clear`."""
        with self._arrived:
            return list(self._events)

    def told(self, name: str) -> list[Event]:
        """What was told under `name`, without the name."""
        return [event[1:] for event in self.events() if event[0] == name]

    def wait(self, name: str, count: int = 1, timeout: float = 10.0) -> list[Event]:
        """The events called `name` as soon as there are `count`; fails after `timeout` seconds."""
        found = self.within(name, timeout, count)
        assert len(found) >= count, f"{count} × {name}: only {self.events()!r} in {timeout:g} s"
        return found

    def until(self, *names: str, timeout: float = 10.0) -> str:
        """The first of `names` that something was told under; "" when `timeout` passed first."""
        for event in self.when(lambda event: event[0] in names, timeout):
            return str(event[0])
        return ""

    def when(self, wanted: Callable[[Event], bool], timeout: float = 10.0) -> list[Event]:
        """The events that are `wanted`, as soon as there is one; none after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while not (found := list(filter(wanted, self._events))):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._arrived.wait(left)
            return found

    def within(self, name: str, timeout: float, count: int = 1) -> list[Event]:
        """Like `wait`, but fewer where there are not so many after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while len(self.told(name)) < count and (left := deadline - time.monotonic()) > 0:
                self._arrived.wait(left)
            return self.told(name)

    def _read(self) -> None:
        """One process after the other: the plugin, and what took its place after a restart."""
        while not self._ended:
            try:
                plugin, _ = self._socket.accept()
            except OSError:
                return
            with plugin, plugin.makefile("rb") as lines:
                for line in lines:
                    self._keep(json.loads(line))

    def _keep(self, event: Event) -> None:
        with self._arrived:
            self._events.append(event)
            self._arrived.notify_all()
