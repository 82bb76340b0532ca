"""Finding the host that started this process."""

import os
from collections.abc import Callable

from ..errors import ConnectError
from ..protocol.addresses import Addresses
from ..typed import TypeVar

__all__ = ["HOSTED_DIAL_TIMEOUT", "has_host_argument", "reach", "socket_directory"]

_Dialled = TypeVar("_Dialled")

HOSTED_DIAL_TIMEOUT = 3.0
"""Seconds to look for the host that started this process: it listens before it does. Less than the
5 s after which eKuiper 1.x kills a plugin that has not called, so that the log says why."""


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
    """The control channel, as `dial` opens it; `ConnectError` says what is the usual mistake."""
    try:
        return dial(addresses.control(name), timeout)
    except ConnectError as error:
        raise ConnectError(
            error.url,
            error.attempts,
            f"{error.reason}; the name in PluginConfig, {name!r}, must be the name the "
            "plugin is installed under",
        ) from error
