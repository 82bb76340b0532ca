"""Logging as a plugin's log in eKuiper needs it: whole lines, each with its rule."""

import logging
import os
import sys
import time
from contextvars import ContextVar

from ..typed import Any
from .lines import printable

__all__ = ["PLACE", "ContextLogger", "Repeats", "configure"]

PLACE: ContextVar[str] = ContextVar("ekuiper_place", default="")
"""`rule/op/instance` of what the current thread or task works for; shown in each record."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def configure(plugin: str) -> None:
    """Give the root logger a handler on stderr, unless the script gave it one.

    The level is `EKUIPER_LOG`, else the script's own, else INFO. Called once, by `start`.
    """
    root = logging.getLogger()
    wanted = os.environ.get("EKUIPER_LOG", "").upper()
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter(plugin))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
    if wanted in _LEVELS:
        root.setLevel(wanted)
    elif wanted:
        logging.getLogger(__name__).warning(
            "EKUIPER_LOG=%s is not a level; known: %s", printable(wanted), ", ".join(_LEVELS)
        )


class _Formatter(logging.Formatter):
    """`time LEVEL plugin place (file.py:12) text`."""

    def __init__(self, plugin: str) -> None:
        super().__init__(
            f"%(asctime)s %(levelname)-7s {printable(plugin).replace('%', '%%')}%(place)s "
            "%(message)s (%(filename)s:%(lineno)d)"
        )

    def format(self, record: logging.LogRecord) -> str:
        place = getattr(record, "place", "") or PLACE.get()
        record.place = f" [{place}]" if place else ""
        text = super().format(record)
        record.place = place
        return text


class ContextLogger(logging.Logger):
    """What `ctx.get_logger()` returns: a logger whose records name their place in the rule.

    It is not registered, so that thousands of rules leave nothing behind. `write` and `flush` are
    there because the official package returns a stream here, and plugins print to it.
    """

    def __init__(self, symbol: str, place: str) -> None:
        super().__init__(f"ekuiper.{symbol}")
        self.parent = logging.getLogger()
        self._place = place
        self._printed = ""

    def makeRecord(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = super().makeRecord(*args, **kwargs)
        record.place = self._place
        return record

    def getEffectiveLevel(self) -> int:
        # Not cached: an unregistered logger is never told that the root's level changed.
        return self.level or logging.getLogger().getEffectiveLevel()

    def isEnabledFor(self, level: int) -> bool:
        return self.manager.disable < level and level >= self.getEffectiveLevel()

    def write(self, text: str) -> int:
        """Log each whole line that is printed to this logger."""
        *lines, self._printed = (self._printed + text).split("\n")
        for line in lines:
            if line.strip():
                self.info("%s", line, stacklevel=2)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back but the beginning of a line."""


class Repeats:
    """Keeps one mistake per row from filling the disk: says which reports to write.

    A report is due the first time and then at most every `interval` seconds for the same key;
    `due` returns how many it stands for, 0 when it is not due. For use by one thread.
    """

    def __init__(self, interval: float = 10.0, most_keys: int = 256) -> None:
        self._interval = interval
        self._most_keys = most_keys
        self._seen: dict[str, tuple[float, int]] = {}

    def due(self, key: str) -> int:
        now = time.monotonic()
        if len(self._seen) >= self._most_keys and key not in self._seen:
            self._seen.clear()
        last, held = self._seen.get(key, (-self._interval, 0))
        if now - last < self._interval:
            self._seen[key] = (last, held + 1)
            return 0
        self._seen[key] = (now, 0)
        return held + 1
