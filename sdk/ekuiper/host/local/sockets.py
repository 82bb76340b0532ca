"""The socket files of hosts and plugins, and whether anybody listens at them."""

import errno
import os
import stat
from dataclasses import dataclass

from ...transport.unix import connect

__all__ = ["SocketFile", "socket_files"]

_SUFFIX = ".ipc"
_LISTENS = 0x10000  # a flag of the kernel's list


@dataclass(frozen=True)
class SocketFile:
    """A socket of eKuiper's; `uid` is its owner."""

    path: str
    uid: int
    listened: bool


def socket_files(directory: str) -> list[SocketFile]:
    """Those in this folder: of plugins, functions, and rows."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(_SUFFIX))
    except OSError:
        return []
    listeners = _listeners()
    found = []
    for name in names:
        path = os.path.join(directory, name)
        try:
            about = os.lstat(path)
        except OSError:
            continue  # gone meanwhile
        if stat.S_ISSOCK(about.st_mode):
            listened = path in listeners or not _refuses(path)
            found.append(SocketFile(path, about.st_uid, listened))
    return found


def _listeners() -> set[str]:
    """The paths that somebody in this network namespace listens at."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.rstrip("\n").split(maxsplit=7) for line in file][1:]
    except OSError:
        return set()
    return {row[7] for row in rows if len(row) == 8 and int(row[3], 16) & _LISTENS}


def _refuses(path: str) -> bool:
    """Whether nobody listens, not even in a container, as far as this user may know. Whoever does
    is not disturbed: only if the kernel does not tell of anybody is this tried."""
    try:
        connect(os.fsencode(path)).close()
    except OSError as error:
        return error.errno in (errno.ECONNREFUSED, errno.EACCES, errno.EPERM)
    return False
