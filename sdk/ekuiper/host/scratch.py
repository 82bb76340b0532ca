"""Folders that last as long as their process: what a killed one leaves, the next one removes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows: what is left there is left
    fcntl = None  # type: ignore[assignment]

__all__ = ["scratch"]


@contextmanager
def scratch(purpose: str, parent: str | None = None) -> Iterator[str]:
    """A new folder `ekuiper-<purpose>-…`, where temporary files are or in `parent`; removed with
    all that is in it at the end.

    Those of the same purpose that killed processes of this user left there are removed first. A
    lock tells them from those in use, in whatever container that may be.
    """
    where, prefix = parent or tempfile.gettempdir(), f"ekuiper-{purpose}-"
    _sweep(where, prefix)
    folder, lock = _make(where, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _make(parent: str, prefix: str) -> tuple[str, int | None]:
    while True:
        folder = tempfile.mkdtemp(prefix=prefix, dir=parent)
        if fcntl is None:
            return folder, None
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # swept before it was locked
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks, on which nobody sweeps
        if os.path.isdir(folder):
            return folder, lock
        os.close(lock)


def _sweep(parent: str, prefix: str) -> None:
    if fcntl is None:
        return
    for name in os.listdir(parent):
        path = os.path.join(parent, name)
        if name.startswith(prefix) and _ours(path):
            _remove_unlocked(path)


def _ours(path: str) -> bool:
    try:
        return not os.path.islink(path) and os.lstat(path).st_uid == os.geteuid()
    except OSError:
        return False


def _remove_unlocked(path: str) -> None:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # another one was faster
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass  # in use
    finally:
        os.close(lock)
