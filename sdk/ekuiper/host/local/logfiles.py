"""The files that an eKuiper logs to, and their lines."""

import os
import time
from collections.abc import Iterator

from .kuiperd import Kuiperd

__all__ = ["follow", "lines_of", "log_files"]

_CURRENT = "stream.log"  # most often a link to the newest
_CHUNK = 1 << 16


def log_files(host: Kuiperd) -> list[str]:
    """Those with its log, the oldest first; none if it has no such file."""
    folder = host.folders.get("log")
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        names = []
    found = []
    for name in names:
        path = os.path.join(folder or "", name)
        if name.startswith("stream.") and ".log" in name and os.path.isfile(path):
            found.append(path)
    real = {os.path.realpath(path): path for path in sorted(found)}
    ordered = sorted(real.values(), key=lambda path: (_changed(path), path))
    if not ordered and os.path.isfile(console := f"/proc/{host.pid}/fd/1"):
        return [console]
    return ordered


def lines_of(path: str) -> Iterator[str]:
    """Each line in the file, in pieces where it is longer than any that is meant to be read.
    Raises `OSError`."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        yield from iter(lambda: file.readline(_CHUNK), "")


def follow(path: str, pause: float = 0.25) -> Iterator[str | None]:
    """What is there, then each line as it is written, for ever; None whenever nothing new is there.

    Goes on with the file that takes this one's place when the log is rotated. Raises `OSError`
    when there is none at first.
    """
    file = open(path, "rb")  # noqa: SIM115 - another one may take its place
    rest = b""
    try:
        while True:
            while chunk := file.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
            yield None
            if _is_another(path, file.fileno()):
                file.close()
                file, rest = open(path, "rb"), b""  # noqa: SIM115
            else:
                time.sleep(pause)
    finally:
        file.close()


def _is_another(path: str, fd: int) -> bool:
    """Whether `path` is no more the file that is open, or was emptied."""
    try:
        now, then = os.stat(path), os.fstat(fd)
    except OSError:
        return False  # it is about to be made
    if (now.st_dev, now.st_ino) != (then.st_dev, then.st_ino):
        return True
    return now.st_size < os.lseek(fd, 0, os.SEEK_CUR)


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
