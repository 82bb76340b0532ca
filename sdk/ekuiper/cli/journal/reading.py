"""Entries from the log that is meant."""

import itertools
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from ...errors import HostError
from ...host.local.kuiperd import kuiperds
from ...host.local.logfiles import follow, lines_of, log_files
from ...host.local.logs import Entry, Folding, entries
from ...host.local.processes import processes
from ..shared.texts import times

__all__ = ["STDIN", "Wanted", "read"]

STDIN = "-"
_ELSEWHERE = (
    "its console may have what is looked for: docker logs CONTAINER | ekuiper logs --file -, or "
    "journalctl -u kuiper -o cat | ekuiper logs --file -"
)


@dataclass(frozen=True)
class Wanted:
    """What of the log is to be shown: `last` entries (0: all) of a plugin, or of all."""

    name: str | None = None
    file: str | None = None
    last: int = 100
    follow: bool = False


class _Chosen:
    """The last entries that are wanted, of those that were seen."""

    def __init__(self, wanted: Wanted) -> None:
        self._name = wanted.name
        self._most = wanted.last or None
        self._numbers = itertools.count()
        self._named: deque[tuple[int, Entry]] = deque(maxlen=self._most)
        self._others: deque[tuple[int, Entry]] = deque(maxlen=self._most)
        self.plugins: set[str] = set()
        self.unnamed = 0

    def see(self, entry: Entry) -> None:
        """One more, the newest."""
        number = next(self._numbers)
        if entry.plugin is None:
            self.unnamed += 1
            self._others.append((number, entry))
            return
        self.plugins.add(entry.plugin)
        if self._name in (None, entry.plugin):
            self._named.append((number, entry))

    def take(self) -> list[Entry]:
        """Those since the last time. Where one plugin alone has the log, all are from it."""
        found = list(self._named)
        only = next(iter(self.plugins)) if len(self.plugins) == 1 else None
        if self._name in (None, only):
            found = sorted([*found, *self._others])
            self.unnamed = 0
        self._named.clear()
        self._others.clear()
        kept = found[-self._most :] if self._most else found
        return [entry._replace(plugin=entry.plugin or only) for _, entry in kept]


def read(wanted: Wanted, show: Callable[[Entry], None]) -> str:
    """Show entries, the newest last, and with `follow` for ever; what else there is to say.

    Raises `HostError` when there is no log, or nothing of the plugin in it; `OSError`.
    """
    paths = [wanted.file] if wanted.file else _paths()
    chosen = _Chosen(wanted)
    if wanted.follow and paths[-1] != STDIN:
        _follow(paths[-1], show, chosen)
    for path in paths:
        for entry in entries(sys.stdin if path == STDIN else lines_of(path)):
            chosen.see(entry)
    if wanted.name and wanted.name not in chosen.plugins:
        there = ", ".join(sorted(chosen.plugins)) or "none"
        raise HostError(f"no line of plugin {wanted.name} in {paths[-1]} (plugins there: {there})")
    for entry in chosen.take():
        show(entry)
    if not chosen.unnamed:
        return ""
    return (
        f"left out: {times(chosen.unnamed, 'printed line')} without a plugin's name; "
        "ekuiper logs alone shows all"
    )


def _follow(path: str, show: Callable[[Entry], None], chosen: _Chosen) -> NoReturn:
    begun = False  # what was there at first is through
    for entry in _written(path):
        begun = begun or entry is None
        if entry is not None:
            chosen.see(entry)
        if begun:
            for each in chosen.take():
                show(each)
    raise AssertionError("follow goes on for ever")


def _written(path: str) -> Iterator[Entry | None]:
    """Each entry as it is written; None when nothing new is there. An entry is taken as complete
    then: what belongs together is written at once."""
    folding = Folding()
    for line in follow(path):
        yield from folding.flush() if line is None else folding.feed(line)
        if line is None:
            yield None


def _paths() -> list[str]:
    hosts = kuiperds(processes())
    if not hosts:
        raise HostError(
            "no kuiperd runs here, as far as this user sees; name its log, as in "
            "--file /var/log/kuiper/stream.log"
        )
    found = {host.pid: log_files(host) for host in hosts}
    if len(hosts) > 1:
        files = ", ".join(paths[-1] for paths in found.values() if paths)
        raise HostError(f"{len(hosts)} kuiperds run here; choose a log by --file: {files}")
    (host,) = hosts
    if host.environment is None:
        raise HostError(
            f"kuiperd, process {host.pid}, runs as another user (uid {host.uid}): run this as that "
            "user, or name its log by --file"
        )
    if not found[host.pid]:
        raise HostError(f"kuiperd, process {host.pid}, has no log file to be read; {_ELSEWHERE}")
    return found[host.pid]
