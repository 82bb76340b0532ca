"""Installing an archive that is on the host, until the plugin answers."""

import threading
import time
from collections.abc import Callable

from ..rest import Rest
from ..rest.plugins import Plugin, install, plugin, remove, replace
from .answering import Mistaken, answers
from .previous import basename

__all__ = ["Switch"]

_TRIES = 3  # a host that takes the process it killed for the new one starts one with the next PUT
_MARGIN = 30.0  # seconds beyond its time that the host's own answer is awaited


class Switch:
    """Changes what is installed. A plugin gets `wait` seconds to answer, and is asked `settle`
    seconds after it replaced another, which until then may answer in its place."""

    def __init__(self, rest: Rest, wait: float, settle: float, say: Callable[[str], None]) -> None:
        self._rest = rest
        self._wait = wait
        self._settle = settle
        self._say = say
        self.touched = False
        """Whether the host is perhaps no longer as it was."""

    def to(
        self, url: str, expected: Plugin, stop: threading.Event, *, at_least: float = 0.0
    ) -> dict[str, str]:
        """Install from this archive; returns how each symbol was seen to work. It has `at_least` so
        many seconds for that. Raises `Silent`, and `RestError`."""
        deadline = time.monotonic() + max(self._wait, at_least)
        for left in range(_TRIES - 1, -1, -1):
            replaced = self._put(url, expected.name)
            if replaced:
                stop.wait(self._settle)
            try:
                doubtful = replaced and left == _TRIES - 1
                return self._answers(expected, deadline, stop, doubtful=doubtful)
            except Mistaken:
                if not replaced or not left:
                    raise
        raise AssertionError("unreachable")

    def check(self, expected: Plugin, stop: threading.Event) -> dict[str, str]:
        """As `to`, of what is installed already."""
        return self._answers(expected, time.monotonic() + self._wait, stop)

    def away(self, name: str) -> None:
        """Remove the plugin, if it is there."""
        self._say(f"removing {name}")
        if plugin(self._rest, name) is not None:
            remove(self._rest, name)

    def _put(self, url: str, name: str) -> bool:
        """Whether there was an edition, which has ended now."""
        self._say(f"installing {basename(url)}")
        there = plugin(self._rest, name) is not None  # a failed PUT leaves no plugin
        self.touched = True
        put = replace if there else install
        put(self._rest, name, url, timeout=self._wait + _MARGIN)
        return there

    def _answers(
        self, expected: Plugin, deadline: float, stop: threading.Event, *, doubtful: bool = False
    ) -> dict[str, str]:
        self._say(f"waiting until {expected.name} answers")
        return answers(self._rest, expected, deadline, stop, self._say, doubtful=doubtful)
