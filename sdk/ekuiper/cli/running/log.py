"""The plugin's log, read while it is written."""

import os
import re
from collections import deque
from pathlib import Path

from ... import runtime
from ...host.embedded.counters import Fault, Faults, location

__all__ = ["PluginLog", "shortened"]

_MOST = 1 << 16  # bytes read at a time; of a plugin that prints faster the rest is skipped
# The form that the SDK gives to records: time, level, plugin, perhaps [rule/op/instance], text.
_ERROR = re.compile(r"\d{4}-\d\d-\d\d \S+ (?:ERROR|CRITICAL)\s+\S+ (?:\[[^\]]*\] )?(.*)")
_RECORD_START = re.compile(r"\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d+ (\w+) +(\S+) ")
_RECORD_END = re.compile(r" \(([\w.-]+):\d+\)$")
_SDK_FILES = frozenset(path.name for path in Path(runtime.__file__).parent.glob("*.py"))


class PluginLog:
    """Follows the file that a plugin's output goes to; for one thread."""

    def __init__(self, path: Path, keep: int = 200) -> None:
        self._path = path
        self._position = 0
        self._rest = b""
        self._lines: deque[str] = deque(maxlen=keep)
        self._faults = Faults()

    def read(self) -> list[str]:
        """The lines that came since the last call."""
        try:
            lines = self._read()
        except FileNotFoundError:
            return []  # the plugin was not spawned yet
        for line in lines:
            self._lines.append(line)
            found = _ERROR.match(line)
            if found is not None:
                self._faults.add("log", _told(found[1]))
        return lines

    def forget_errors(self) -> None:
        """Errors so far are no faults any more."""
        self._faults.clear()

    def tail(self, lines: int) -> tuple[str, ...]:
        """The last lines read."""
        return tuple(self._lines)[-lines:] if lines > 0 else ()

    def faults(self, known: set[str]) -> tuple[Fault, ...]:
        """Errors the log told of, without those at the lines of code in `known`."""
        return tuple(fault for fault in self._faults.list() if fault.location not in known)

    def _read(self) -> list[str]:
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size - self._position > _MOST:
                self._position = size - _MOST
                self._rest = b""
            file.seek(self._position)
            data = self._rest + file.read(_MOST)
            self._position = file.tell()
        *whole, self._rest = data.split(b"\n")
        return [line.decode("utf-8", "replace").rstrip("\r") for line in whole]


def shortened(line: str, plugin: str) -> str:
    """A record without its date, and without what is the same in all of this plugin's records, be
    it at the start or within."""
    start = _RECORD_START.match(line)
    if start is None or start[3] != plugin:
        return line
    told = _told(line[start.end() :]).replace(f" of plugin {plugin!r}", "")
    return f"{start[1]} {start[2]} {told}"


def _told(text: str) -> str:
    """A record's text, without the line that logged it if that is the SDK's own, or the text
    names a line itself."""
    found = _RECORD_END.search(text)
    if found is None:
        return text
    shorter = text[: found.start()]
    return shorter if location(shorter) or found[1] in _SDK_FILES else text
