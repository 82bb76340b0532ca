"""Unix sockets by address: who may be at the other end, and how a path comes and goes."""

import _socket as socket  # `socket` itself takes 3 ms before the handshake, and loads `enum`
import errno
import os
import stat
import struct
import sys
import time
from collections.abc import Callable

from ..errors import AddressError, EkuiperError, ListenError
from ..typed import TypeVar
from . import Peer

__all__ = ["UnixDoor", "check_user", "claim", "connect", "path_of", "peer_of", "remove_stale"]

_Bound = TypeVar("_Bound")

_SCHEME = "ipc://"
_LONGEST_PATH = 103 if sys.platform == "darwin" else 107
_BACKLOG = 128
_IN_USE_PATIENCE = 2.0  # a worker that is being replaced may need this long to let go of its path
_IN_USE_PAUSE = 0.02
_UCRED = struct.Struct("iII")  # pid, uid, gid


def path_of(url: str) -> bytes:
    """The file behind an `ipc://` URL; the text is used raw, as UTF-8. Raises `AddressError`."""
    if not url.startswith(_SCHEME):
        raise AddressError(url, f"an address starts with {_SCHEME}")
    try:
        path = url[len(_SCHEME) :].encode()
    except UnicodeEncodeError:
        raise AddressError(url, "the path is not valid Unicode") from None
    if not path:
        raise AddressError(url, "the path is empty")
    if b"\0" in path:
        raise AddressError(url, "the path holds a NUL character")
    if len(path) > _LONGEST_PATH:
        raise AddressError(
            url,
            f"the path is {len(path)} bytes long, but a socket allows {_LONGEST_PATH}; "
            "shorten the rule, stream or plugin name",
        )
    return path


def peer_of(sock: socket.socket) -> Peer | None:
    """The process at the other end, None where the system does not tell.

    Raises `PermissionError` unless it runs as our user or as root, `OSError` if it has gone.
    """
    peer = _credentials(sock)
    if peer is not None:
        check_user(peer)
    return peer


def check_user(peer: Peer) -> None:
    """Raise `PermissionError` unless the peer runs as our user or as root."""
    ours = os.geteuid()
    if peer.uid not in (ours, 0):
        raise PermissionError(
            errno.EPERM,
            f"the other end runs as uid {peer.uid}, this process as uid {ours}; "
            "host and plugin must run as the same user",
        )


def _credentials(sock: socket.socket) -> Peer | None:
    if sys.platform == "darwin":  # pragma: no cover - not the system of the tests
        local, peercred, peerpid = 0, 1, 2
        uid = struct.unpack_from("Ii", sock.getsockopt(local, peercred, 76))[1]
        return Peer(sock.getsockopt(local, peerpid), uid)
    if not hasattr(socket, "SO_PEERCRED"):  # pragma: no cover - other systems
        return None
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(found)
    return Peer(pid, uid)


def connect(path: bytes) -> socket.socket:
    """A socket connected to the listener at `path`; never blocks. Raises `OSError`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # else it waits without a limit for a place in a full backlog
        sock.connect(path)
        sock.setblocking(True)
    except BaseException:
        sock.close()
        raise
    return sock


class UnixDoor:
    """A listening socket file, for its owner and root alone; or one that another process ceded."""

    def __init__(self, url: str, ceded: int = -1) -> None:
        self._path = path_of(url)
        if ceded >= 0 and not os.path.lexists(self._path):
            os.close(ceded)  # nobody would come that way any more
            ceded = -1
        if ceded < 0:
            self._sock, self._identity = claim(url, self._path, lambda: _listen(self._path))
        else:
            self._sock, self._identity = _adopt(ceded, self._path)

    def fileno(self) -> int:
        """Readable when somebody wants in."""
        return self._sock.fileno()

    def accept(self) -> socket.socket:
        """The next one who wants in. Never blocks; raises `OSError`."""
        fd, _ = self._sock._accept()  # type: ignore[attr-defined]  # as `socket.accept` does it
        sock = socket.socket(fileno=fd)
        sock.setblocking(True)  # whatever the default timeout or the listener's mode is
        return sock

    def cede(self) -> int:
        """The descriptor, for another process: give it to its `UnixDoor`."""
        return self._sock.detach()

    def shut(self) -> None:
        """Turn newcomers away and free the path, unless someone else has taken it."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # pragma: no cover - macOS: not connected
            pass
        try:
            if _identify(self._path) == self._identity:
                os.unlink(self._path)
        except OSError:
            pass

    def close(self) -> None:
        """Let go of the descriptor."""
        self._sock.close()


def claim(url: str, path: bytes, bind: Callable[[], _Bound]) -> _Bound:
    """What `bind` returns, once the path is free for it; a stale socket is removed.

    `bind` raises `OSError`, EADDRINUSE while the path exists. Raises `AddressError` without the
    folder, and `ListenError` when somebody listens there for more than two seconds, when another
    kind of file is in the way, or for whatever else `bind` says.
    """
    deadline = time.monotonic() + _IN_USE_PATIENCE
    while True:
        try:
            return bind()
        except OSError as error:
            if not os.path.isdir(os.path.dirname(path) or b"."):
                raise AddressError(url, "no such folder") from None
            if error.errno != errno.EADDRINUSE:
                raise ListenError(url, error.strerror or str(error)) from None
        if not _clear_stale(url, path):
            if time.monotonic() >= deadline:
                raise ListenError(url, "in use by a process that listens there")
            time.sleep(_IN_USE_PAUSE)


def remove_stale(url: str) -> None:
    """Remove the socket file of somebody who died, if there is one and that can be done."""
    try:
        _clear_stale(url, path_of(url))
    except EkuiperError:
        pass  # it is something else, or nobody's


def _identify(path: bytes) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def _adopt(fd: int, path: bytes) -> tuple[socket.socket, tuple[int, int]]:
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    try:
        return sock, _identify(path)
    except OSError:  # the file was removed: nobody comes any more, but who came is heard
        return sock, (0, 0)


def _listen(path: bytes) -> tuple[socket.socket, tuple[int, int]]:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _bind_privately(sock, path)
        sock.listen(_BACKLOG)
        return sock, _identify(path)
    except BaseException:
        sock.close()
        raise


def _bind_privately(sock: socket.socket, path: bytes) -> None:
    """Bind so that the file is open to its owner alone, without touching the process's umask.

    Linux gives the file the mode of the socket. Elsewhere it is narrowed after the bind, in time:
    until `listen` every connect is refused.
    """
    try:
        os.fchmod(sock.fileno(), 0o600)
    except OSError:  # pragma: no cover - not on Linux
        pass
    sock.bind(path)
    os.chmod(path, 0o600)


def _clear_stale(url: str, path: bytes) -> bool:
    """Whether the path is worth another bind at once: a socket nobody listens at was removed."""
    try:
        status = os.lstat(path)
        if not stat.S_ISSOCK(status.st_mode):
            raise ListenError(url, "a file that is not a socket is in the way; it was left alone")
        connect(path).close()
    except FileNotFoundError:
        return True
    except ConnectionRefusedError:
        return _remove(url, path, (status.st_dev, status.st_ino))
    except OSError:
        return False  # somebody listens, though not to us
    return False


def _remove(url: str, path: bytes, identity: tuple[int, int]) -> bool:
    try:
        if _identify(path) == identity:  # else another process was faster
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ListenError(url, f"cannot remove a stale socket: {error.strerror}") from None
    return True
