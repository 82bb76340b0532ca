"""Finding the host that started this process."""

import os
import time
from collections.abc import Callable

from ..errors import ConnectError
from ..protocol.addresses import Addresses
from ..typed import TypeVar
from .hostwatch import ancestors

__all__ = ["HOSTED_DIAL_TIMEOUT", "has_host_argument", "reach", "socket_directory"]

_Dialled = TypeVar("_Dialled")

HOSTED_DIAL_TIMEOUT = 2.0
"""Seconds to look for the host that started this process: it listens before it does. Less than the
5 s after which eKuiper 1.x kills a plugin that has not called, so that the log says why, and than
the 3 s after which nothing is left of a host that was killed."""

_AT_FIRST, _LATER = 0.05, 0.5
"""Seconds of dialling until it is looked whether the host lives, then and each time after."""

_ADOPTS = 1
"""The process that takes in orphans. In a container it may be the host itself, which listens."""


def socket_directory() -> str:
    """Where the host has its sockets: eKuiper in /tmp, hosts of ours where they say."""
    return os.environ.get("EKUIPER_SOCKET_DIR") or "/tmp"


def has_host_argument(arguments: list[str]) -> bool:
    """Whether a host started this process: each passes the JSON text {"sendTimeout":1000}."""
    return any(argument.startswith('{"sendTimeout"') for argument in arguments)


def reach(
    name: str,
    dial: Callable[[str, float], _Dialled],
    addresses: Addresses,
    timeout: float = HOSTED_DIAL_TIMEOUT,
) -> _Dialled:
    """The control channel, as `dial` opens it; `ConnectError` says what is the usual mistake, or
    that whoever started this process has ended meanwhile."""
    url = addresses.control(name)
    parent, above = os.getppid(), list[int]()
    patience, attempts = _AT_FIRST, 0
    deadline = time.monotonic() + (min(timeout, _LATER) if parent == _ADOPTS else timeout)
    while True:
        left = deadline - time.monotonic()
        try:
            return dial(url, min(patience, left))
        except ConnectError as error:
            attempts += error.attempts
            if os.getppid() != parent or (above and ancestors() != above):
                why = "whoever started this process has ended"
            elif left <= patience:
                why = (
                    f"the name in PluginConfig, {name!r}, must be the name the "
                    "plugin is installed under"
                )
            else:
                patience, above = _LATER, above or ancestors()
                continue
            raise ConnectError(error.url, attempts, f"{error.reason}; {why}") from error
