"""What matters to plugins about this machine, gathered at one moment."""

import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...runtime.locks import runtime_path
from ...runtime.reach import socket_directory
from .interpreter import Interpreter, try_interpreter
from .kuiperd import Kuiperd, kuiperds
from .processes import Process, ancestors, processes
from .sockets import SocketFile, socket_files

__all__ = ["Folder", "Machine", "Orphan", "Room", "gather", "orphans"]

_REAPERS = ("init", "systemd", "tini", "dumb-init", "docker-init", "catatonit")


@dataclass(frozen=True)
class Folder:
    """A folder, or what stands in its place; `uid` and `mode` are None where nothing does."""

    path: str
    uid: int | None = None
    mode: int | None = None
    writable: bool = False

    @property
    def is_folder(self) -> bool:
        return self.mode is not None and stat.S_ISDIR(self.mode)


@dataclass(frozen=True)
class Room:
    """What is free below a path, in bytes and files (None: without a limit)."""

    path: str
    free: int
    files: int | None


@dataclass(frozen=True)
class Orphan:
    """The first of a plugin's processes, whose host is gone."""

    pid: int
    uid: int
    command: str


@dataclass(frozen=True)
class Machine:
    """Nothing in here is looked up later: checks are made of this alone."""

    uid: int
    python: tuple[int, int, int]
    executable: str
    sockets: Folder
    runtime: Folder
    moved: bool
    """Whether EKUIPER_SOCKET_DIR says where the sockets are."""
    proc: bool = True
    """Whether there is a /proc, so that processes could be seen."""
    hosts: tuple[Kuiperd, ...] = ()
    interpreters: dict[int, Interpreter] = field(default_factory=dict)
    """By the host's pid."""
    plugin_uids: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """By the host's pid, the users that its plugins run as."""
    files: tuple[SocketFile, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    rooms: tuple[Room, ...] = ()


def gather() -> Machine:
    """As it is now. Runs the interpreter of each host, once."""
    directory = socket_directory()
    known = processes()
    hosts = kuiperds(known)
    return Machine(
        uid=os.geteuid(),
        python=sys.version_info[:3],
        executable=sys.executable,
        sockets=_folder(directory),
        runtime=_folder(runtime_path(directory)),
        moved=directory != "/tmp",
        proc=bool(known),
        hosts=tuple(hosts),
        interpreters={host.pid: _interpreter(host) for host in hosts},
        plugin_uids=_plugin_uids(known),
        files=tuple(socket_files(directory)),
        orphans=tuple(orphans(known)),
        rooms=tuple(_rooms(directory, hosts)),
    )


def orphans(known: Iterable[Process]) -> list[Orphan]:
    """Plugins that some host left behind: what adopts orphans is above them, and no eKuiper."""
    by_pid = {each.pid: each for each in known}
    found = []
    for each in by_pid.values():
        parent = by_pid.get(each.parent)
        if not each.is_plugin or each.is_host or (parent is not None and parent.is_plugin):
            continue
        left = each.parent == 1 or (parent is not None and parent.name in _REAPERS)
        if left and not any(above.is_host for above in ancestors(each, by_pid)):
            found.append(Orphan(each.pid, each.uid, _shown(each.command)))
    return found


def _plugin_uids(known: list[Process]) -> dict[int, tuple[int, ...]]:
    by_pid = {each.pid: each for each in known}
    found: dict[int, set[int]] = {}
    for each in known:
        if each.is_plugin:
            for above in ancestors(each, by_pid):
                if above.is_host:
                    found.setdefault(above.pid, set()).add(each.uid)
    return {pid: tuple(sorted(uids)) for pid, uids in found.items()}


def _shown(command: tuple[str, ...]) -> str:
    """The command of a plugin, without the program that a bootstrap is."""
    words = [word.strip().split("\n")[0] for word in command]
    return " ".join(word for word in words if not word.startswith('{"sendTimeout"'))


def _interpreter(host: Kuiperd) -> Interpreter:
    program = host.python
    if host.contained or host.environment is None:
        return Interpreter(None)
    return try_interpreter(program, host.uid, host.environment)


def _folder(path: str) -> Folder:
    try:
        about = os.lstat(path)
    except OSError:
        return Folder(path)
    if stat.S_ISLNK(about.st_mode) and os.path.isdir(path):
        about = os.stat(path)
    return Folder(path, about.st_uid, about.st_mode, os.access(path, os.W_OK | os.X_OK))


def _rooms(directory: str, hosts: Iterable[Kuiperd]) -> list[Room]:
    """One for each file system."""
    paths = [directory, *(path for host in hosts for path in host.folders.values() if path)]
    found: dict[int, Room] = {}
    for path in paths:
        try:
            device, room = os.stat(path).st_dev, os.statvfs(path)
        except OSError:
            continue
        files = room.f_favail if room.f_files else None
        found.setdefault(device, Room(path, room.f_bavail * room.f_frsize, files))
    return list(found.values())
