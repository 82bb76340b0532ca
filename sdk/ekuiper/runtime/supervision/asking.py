"""Asking the supervisors of this user how they are."""

import os
import stat
import time
from typing import Any

from ...errors import ChannelTimeoutError, EkuiperError, MalformedMessageError
from ...protocol.engine import loads
from ...transport.unix import connect
from ..locks import runtime_path
from .status import SUFFIX, sweep

__all__ = ["statuses"]

TIMEOUT = 2.0
"""Seconds that a supervisor is given to answer."""

PAUSE = 0.1
"""Seconds until a supervisor that turned us away is asked again."""


def statuses(directory: str, timeout: float = TIMEOUT) -> list[dict[str, Any]]:
    """What each supervisor answers, of this user and below this folder of sockets, by name.

    Sockets of supervisors that have ended are removed. One that does not answer in time is told
    as `{"plugin": None, "pid": …, "state": "silent"}`.
    """
    folder = runtime_path(directory)
    if not _ours(folder):
        return []
    sweep(folder)
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            path = os.path.join(folder, name)
            try:
                found.append(_ask_twice(path, timeout))
            except (ConnectionRefusedError, FileNotFoundError):
                pass  # it has just ended
            except (OSError, EkuiperError):
                pid = name.partition("_")[0]
                silent = {"plugin": None, "pid": int(pid) if pid.isdecimal() else None}
                found.append({**silent, "state": "silent"})
    return sorted(found, key=lambda each: (each["plugin"] or "", each["pid"] or 0))


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


def _ask(path: str, timeout: float) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    answer = b""
    with connect(path.encode()) as sock:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ChannelTimeoutError(path, timeout)
            sock.settimeout(left)
            data = sock.recv(65536)
            if not data:
                break
            answer += data
    if not answer:
        raise ConnectionResetError(f"{path}: no answer")
    found = loads(answer)
    if not isinstance(found, dict):
        raise MalformedMessageError(answer, "no object")
    return found
