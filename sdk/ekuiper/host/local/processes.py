"""The processes of this machine, as /proc tells of them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ...runtime.reach import has_host_argument

__all__ = ["Process", "ancestors", "environment", "in_view", "processes"]

_KUIPERD = "kuiperd"


@dataclass(frozen=True)
class Process:
    """One process. `uid` is its effective user."""

    pid: int
    parent: int
    uid: int
    name: str
    command: tuple[str, ...] = field(default=())

    @property
    def is_host(self) -> bool:
        """Whether it is an eKuiper."""
        program = os.path.basename(self.command[0]) if self.command else ""
        return _KUIPERD in (self.name, program)

    @property
    def is_plugin(self) -> bool:
        """Whether it is part of a plugin that a host, be it eKuiper or one of ours, started."""
        return has_host_argument(list(self.command[1:]))


def processes() -> list[Process]:
    """All that this user may see; none where there is no /proc."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    found = (_process(int(name)) for name in names if name.isdecimal())
    return sorted((each for each in found if each is not None), key=lambda each: each.pid)


def ancestors(process: Process, known: Mapping[int, Process]) -> Iterator[Process]:
    """Those above it, its parent first."""
    seen = {process.pid}
    above = known.get(process.parent)
    while above is not None and above.pid not in seen:
        seen.add(above.pid)
        yield above
        above = known.get(above.parent)


def environment(pid: int) -> dict[str, str] | None:
    """What it was started with; None where that is not for this user to read."""
    data = _read(f"/proc/{pid}/environ")
    if data is None:
        return None
    entries = (each.partition("=") for each in data.split("\0"))
    return {name: value for name, _, value in entries if name}


def in_view(pid: int, path: str) -> str:
    """Where this process finds what the process `pid`, perhaps in a container, has at `path`."""
    try:
        same = os.stat(f"/proc/{pid}/ns/mnt").st_ino == os.stat("/proc/self/ns/mnt").st_ino
    except OSError:
        same = True
    return path if same else f"/proc/{pid}/root{path}"


def _process(pid: int) -> Process | None:
    """None where it has ended."""
    status, line = _read(f"/proc/{pid}/status"), _read(f"/proc/{pid}/cmdline")
    if status is None or line is None:
        return None
    fields = dict(_fields(status.splitlines()))
    try:
        uid, parent = int(fields["Uid"].split()[1]), int(fields["PPid"])
    except (KeyError, ValueError, IndexError):
        return None
    command = tuple(line.removesuffix("\0").split("\0")) if line else ()
    return Process(pid, parent, uid, fields.get("Name", ""), command)


def _fields(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name, value.strip()


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None
