"""Reads the journals while a run goes on: whether everything works, and who the worker is."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from .journal import Reader
from .plan import FUNCTIONS

__all__ = ["FLOWS", "Watch"]

FLOWS = (*FUNCTIONS, "source", "sink")


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class Watch:
    """Follows both journals. A flow works when something went all its way after a given time."""

    def __init__(self, host: Reader, plugin: Reader) -> None:
        self._host = host
        self._plugin = plugin
        self._born: list[tuple[int, str]] = []
        self._called: dict[str, float] = {}  # when the last good call of each began
        self._emitted: dict[tuple[str, int], float] = {}
        self._taken: list[tuple[str, int]] = []
        self._given: dict[int, float] = {}
        self._collected: list[int] = []
        self._last: dict[str, float] = {}
        self.obeyed = 0
        """How many commands the hosts have carried out."""

    def read(self) -> None:
        """Take in what is new."""
        for entry in self._plugin.read():
            if entry[0] == "born":
                self._born.append((entry[2], entry[3]))
            elif entry[0] == "emit":
                self._emitted[entry[2], entry[3]] = entry[1]
            elif entry[0] == "collected":
                self._collected.append(entry[2])
        for entry in self._host.read():
            if entry[0] == "call" and entry[5] == "ok":
                self._last[entry[2]] = entry[4]
            elif entry[0] == "row":
                self._taken.append((entry[2], entry[3]))
            elif entry[0] == "did":
                self.obeyed += 1
            elif entry[0] == "given" and entry[4] == "ok":
                self._given[entry[2]] = entry[3]
        self._match()

    def worker(self) -> int | None:
        """Who runs the symbols, as far as is known: the youngest that lives, if one does."""
        workers = [pid for pid, role in self._born if role == "worker"]
        born = workers or [pid for pid, _ in self._born]
        return next(filter(_lives, reversed(born)), born[-1] if born else None)

    def flowing(
        self, since: float, timeout: float, alive: Callable[[], bool]
    ) -> dict[str, float | None]:
        """When each flow was found to work with what began after `since`; None where it was not
        within `timeout` seconds."""
        found: dict[str, float | None] = dict.fromkeys(FLOWS)
        deadline = time.monotonic() + timeout
        while not all(found.values()) and time.monotonic() < deadline and alive():
            self.read()
            for flow in FLOWS:
                if found[flow] is None and self._last.get(flow, 0.0) > since:
                    found[flow] = time.monotonic()
            threading.Event().wait(0.02)
        return found

    def _match(self) -> None:
        for row in self._taken:
            if row in self._emitted:
                self._last["source"] = max(self._last.get("source", 0.0), self._emitted.pop(row))
        self._taken.clear()
        kept = []
        for number in self._collected:
            if number in self._given:
                self._last["sink"] = max(self._last.get("sink", 0.0), self._given[number])
            else:
                kept.append(number)  # the host has yet to say that it gave it
        self._collected[:] = kept[-50:]
