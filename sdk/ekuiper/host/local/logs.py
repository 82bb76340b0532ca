"""What plugins wrote into kuiperd's log, as entries: one for a record, a print or a traceback."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .traces import CRASH, Trace, begins

__all__ = ["Entry", "Folding", "entries"]

_STAMPED = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (DEBUG|INFO|WARNING|ERROR|CRITICAL) +(\S+) (.*)"
)
_COMPLETE = re.compile(r" \((?:[^()]+:\d+|supervisor)\)$")
_MOST = 50  # lines of one message
_HOST = re.compile(r'(?:time="?([^" ]+)"? )?level=(\w+) msg=("[^"\\]*(?:\\.[^"\\]*)*"|\S*)')
_HOST_BEGINS = ("time=", "level=")
_ABOUT = "plugin"  # and so is it in the paths of all plugins
_HOST_LEVELS = {"warning": "WARNING", "error": "ERROR", "fatal": "CRITICAL", "panic": "CRITICAL"}
_ESCAPED = re.compile(r"\\(.)")
_NAMED = re.compile(r"/portable/([^/\"\s]+)/|/plugin_(.+?)\.ipc|\bplugin (\S+) is not running")
_ENDED = " stops with error "
_OFFICIAL = re.compile(r"(\S+ \S+) - .*\[line:\d+\] - ([A-Z]+): .*")
_LEVELLED = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:")
_WARNED = re.compile(r"\S.*:\d+: \w*Warning: ")


class Entry(NamedTuple):
    """One thing that was told.

    `plugin` is None where the line does not say which it is from: several share the log. `source`
    is `plugin` for a record of its log, `printed` for all else that it wrote, and `kuiperd` for
    what its host tells of it. `more` are lines below the first one; of a traceback, whose `text` is
    the exception, all lines.
    """

    time: str | None
    level: str | None
    plugin: str | None
    source: str
    text: str
    more: tuple[str, ...] = ()


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Those in a log, in its order."""
    folding = Folding()
    for line in lines:
        yield from folding.feed(line)
    yield from folding.flush()


class Folding:
    """Makes entries of lines, as they come."""

    def __init__(self) -> None:
        self._open: Entry | None = None
        self._more: list[str] = []
        self._trace: Trace | None = None

    def feed(self, line: str) -> list[Entry]:
        """The entries that are complete with this line, which may begin the next one."""
        line = line.rstrip("\r\n")
        if line.startswith(_HOST_BEGINS) and "msg=" in line:
            told = _of_host(line) if _ABOUT in line else None
            if self._trace is not None and self._trace.unfinished:
                return [told] if told else []  # it came between
            return [*self.flush(), *([told] if told else [])]
        if self._goes_on(line):
            return []
        found = self.flush()
        if line.strip():
            self._begin(line)
        return found

    def flush(self) -> list[Entry]:
        """The last entry, if nothing of it is to come."""
        entry, more = self._open, self._more
        self._open, self._more, self._trace = None, [], None
        if entry is None:
            return []
        while more and not more[-1].strip():
            more.pop()
        plugin = entry.plugin or next(filter(None, map(_named, [entry.text, *more])), None)
        text = entry.text
        if begins(text) and not text.startswith(CRASH):
            more = [text, *more]
            text = next((line for line in reversed(more) if line[:1].strip()), text)
        return [entry._replace(plugin=plugin, text=text, more=tuple(more))]

    def _begin(self, line: str) -> None:
        self._open = _first(line)
        if begins(line):
            self._trace = Trace(line)

    def _goes_on(self, line: str) -> bool:
        """Whether this line belongs to the entry before, to which it is added then."""
        if self._open is None or _STAMPED.match(line):
            return False
        if self._trace is not None:
            if not self._trace.takes(line):
                return False
        elif begins(line):
            if not self._may_have_trace() or line.startswith(CRASH):
                return False
            self._trace = Trace(line)
        elif not line.startswith((" ", "\t")) and not self._is_cut():
            return False
        self._more.append(line)
        return True

    def _may_have_trace(self) -> bool:
        """Whether a traceback after this entry is the record's own."""
        entry = self._open
        grave = entry is not None and entry.level in ("WARNING", "ERROR", "CRITICAL")
        return grave and entry is not None and entry.source == "plugin"

    def _is_cut(self) -> bool:
        """Whether the message of a record goes on: each ends with the place it is from."""
        if self._open is None or self._open.source != "plugin" or len(self._more) >= _MOST:
            return False
        return not any(map(_COMPLETE.search, [self._open.text, *self._more]))


def _first(line: str) -> Entry:
    """The entry that begins with this line."""
    if stamped := _STAMPED.fullmatch(line):
        time, level, plugin, text = stamped.groups()
        return Entry(time, level, plugin, "plugin", text)
    if official := _OFFICIAL.fullmatch(line):
        return Entry(official[1], official[2], None, "printed", line)
    level = None
    if levelled := _LEVELLED.match(line):
        level = levelled[1]
    elif _WARNED.match(line):
        level = "WARNING"
    elif begins(line):
        level = "CRITICAL" if line.startswith(CRASH) else "ERROR"
    return Entry(None, level, None, "printed", line)


def _of_host(line: str) -> Entry | None:
    """What the host tells of a plugin, if it matters."""
    parts = _HOST.match(line)
    if parts is None:
        return None
    time, level, text = parts.groups()
    text = _ESCAPED.sub(_unescaped, text[1:-1]) if text.startswith('"') else text
    plugin = _named(text)
    if plugin is None or (level not in _HOST_LEVELS and _ENDED not in text):
        return None
    return Entry(time, _HOST_LEVELS.get(level, "ERROR"), plugin, "kuiperd", text.strip())


def _unescaped(escaped: re.Match[str]) -> str:
    return {"n": " ", "t": " "}.get(escaped[1], escaped[1])


def _named(text: str) -> str | None:
    """The plugin that is named by a path in here."""
    found = _NAMED.search(text)
    return next(filter(None, found.groups()), None) if found else None
