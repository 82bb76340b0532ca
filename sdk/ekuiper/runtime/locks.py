"""One live plugin per function name: an advisory lock beside the sockets.

The host answers whichever peer writes to a function's socket, so a second connection for one name,
from a second plugin or a leftover process, would shift every later answer by one row.
"""

import fcntl
import os
import stat
import time
from _weakrefset import WeakSet

from ..errors import SymbolError, TransportError

__all__ = ["FunctionLock", "runtime_directory", "runtime_path"]


def runtime_path(socket_directory: str) -> str:
    """Where `runtime_directory` is, or would be."""
    return os.path.join(socket_directory, f"ekuiper-{os.geteuid()}")


def runtime_directory(socket_directory: str) -> str:
    """The private folder for this user's locks, `<sockets>/ekuiper-<uid>`, made with mode 0700.

    Raises `TransportError` when something else stands there, or somebody else owns it.
    """
    path = runtime_path(socket_directory)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise TransportError(f"cannot make the folder {path}: {error.strerror}") from error
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        kind = "a link" if stat.S_ISLNK(found.st_mode) else "something else"
        raise TransportError(f"{path} has to be a folder, and is {kind}; remove it")
    if found.st_uid != os.geteuid():
        raise TransportError(
            f"the folder {path} has to belong to user {os.geteuid()}, and belongs to user "
            f"{found.st_uid}; remove it"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(path, 0o700)
    return path


class FunctionLock:
    """The right to serve the function `name`, held until `release` or the end of this process.

    `plugin` is written into the file, so that whoever finds the lock taken can name the owner.
    """

    def __init__(self, directory: str, name: str, plugin: str) -> None:
        self._path = os.path.join(directory, f"func_{name}.lock")
        self._name = name
        self._plugin = plugin
        self._fd = -1

    def acquire(self, timeout: float) -> None:
        """Take the lock, waiting for a process that is just ending; `SymbolError` names the
        owner."""
        deadline = time.monotonic() + timeout
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._fd = fd
        _HELD.add(self)  # before it is locked, as another thread may fork at any moment
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    owner = os.pread(fd, 200, 0).decode("utf-8", "replace") or "another process"
                    self.forget()
                    raise SymbolError(
                        f"function {self._name!r} of plugin {self._plugin!r}",
                        f"is already served by {owner}; one plugin at a time can serve a function "
                        "name: rename it, or remove the other plugin",
                    ) from None
                time.sleep(0.02)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"plugin {self._plugin!r}, process {os.getpid()}".encode(), 0)

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            # A child that was forked by another thread while this lock was being taken, or behind
            # Python's back, has a copy of the descriptor: to close ours would not be enough.
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)

    def forget(self) -> None:
        """Let go of the descriptor, in a forked child: the lock stays with its parent alone."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


_HELD: "WeakSet[FunctionLock]" = WeakSet()


def _forget_in_child() -> None:
    for lock in list(_HELD):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_child)
