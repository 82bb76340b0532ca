"""Asking the supervisors of this user how they are."""

import _socket as socket
import os
import stat
import time
from typing import Any

from ...errors import ChannelTimeoutError, EkuiperError, MalformedMessageError
from ...protocol.engine import loads
from ...transport.connection import remaining, until
from ...transport.unix import connect
from ..locks import runtime_path
from .desk import SUFFIX, sweep

__all__ = ["reload", "statuses", "supervisors"]

TIMEOUT = 2.0
"""Seconds that a supervisor is given to answer."""

TRIES = 5
"""Times that a reload is asked for, if only the status is answered."""

PAUSE = 0.1
"""Seconds until a supervisor that turned us away is asked again."""


def statuses(directory: str, timeout: float = TIMEOUT) -> list[dict[str, Any]]:
    """What each supervisor answers, of this user and below this folder of sockets, by name.

    Sockets of supervisors that have ended are removed. One that does not answer in time is told
    as `{"plugin": None, "pid": …, "state": "silent"}`.
    """
    return [status for _, status in supervisors(directory, timeout)]


def supervisors(directory: str, timeout: float = TIMEOUT) -> list[tuple[str, dict[str, Any]]]:
    """The socket of each, and what it answers, as `statuses` has it."""
    folder = runtime_path(directory)
    if not _ours(folder):
        return []
    sweep(folder)
    found: list[tuple[str, dict[str, Any]]] = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            path = os.path.join(folder, name)
            try:
                found.append((path, _ask_twice(path, timeout)))
            except (ConnectionRefusedError, FileNotFoundError):
                pass  # it has just ended
            except (OSError, EkuiperError):
                pid = name.partition("_")[0]
                silent = {"plugin": None, "pid": int(pid) if pid.isdecimal() else None}
                found.append((path, {**silent, "state": "silent"}))
    return sorted(found, key=lambda each: (each[1]["plugin"] or "", each[1]["pid"] or 0))


def reload(path: str, timeout: float | None = None) -> dict[str, Any]:
    """Have the supervisor at this socket reload its plugin, and wait for what becomes of it:
    `error` is None or says why all stays as it was. Raises `OSError` or `EkuiperError` when it
    does not answer."""
    deadline = until(timeout)
    for _ in range(TRIES):
        answer = _ask(path, remaining(deadline), b"reload\n")
        if "error" in answer:
            return answer  # else we were so slow to speak that it told us its status
    raise ConnectionResetError(f"{path}: no answer")


def _ours(folder: str) -> bool:
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _ask_twice(path: str, timeout: float) -> dict[str, Any]:
    """`_ask`; once more for one who was about to listen, to end, or had too many who ask."""
    try:
        return _ask(path, timeout)
    except (ConnectionRefusedError, ConnectionResetError):
        time.sleep(PAUSE)
        return _ask(path, timeout)


def _ask(path: str, timeout: float | None, wanted: bytes = b"status\n") -> dict[str, Any]:
    deadline = until(timeout)
    answer = b""
    sock = connect(path.encode())
    try:
        _say(sock, wanted)
        while True:
            left = remaining(deadline)
            if left == 0:
                raise ChannelTimeoutError(path, timeout)
            sock.settimeout(left)
            data = _hear(sock)
            if not data:
                break
            answer += data
    finally:
        sock.close()
    if not answer:
        raise ConnectionResetError(f"{path}: no answer")
    found = loads(answer)
    if not isinstance(found, dict):
        raise MalformedMessageError(answer, "no object")
    return found


def _say(sock: socket.socket, wanted: bytes) -> None:
    try:
        sock.sendall(wanted)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has answered already: silence is a question, too


def _hear(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except ConnectionResetError:
        return b""  # it hung up without a look at what we said
