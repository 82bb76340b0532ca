"""The worker's end: what the supervisor is told, and its commands carried out."""

import logging
import os

from ...config import PluginConfig
from ...errors import ChannelClosedError, ConfigError
from ...protocol.engine import dumps
from ..guard import Guard
from ..symbols import Symbols
from .link import ANSWER, COMMAND, FAILED, HELLO, READY, STATUS, VERSION, Link
from .marks import Marks

__all__ = ["Seat", "seat", "sit"]

_ENDLESS = 1e9
"""Seconds; JSON has no infinity."""

_log = logging.getLogger(__name__)


class Seat:
    """That this process is a worker, of the plugin `name`."""

    def __init__(self, link: Link, name: str, marks: Marks | None) -> None:
        self._link = link
        self._name = name
        self.guard = Guard(marks) if marks is not None else None
        self.pid = os.getpid()
        self.taken = False
        """Whether `plugin.start` was reached."""

    def hello(self) -> None:
        """The first frame, before any author code."""
        self._tell(HELLO, VERSION)

    def failed(self, reason: str) -> None:
        """Say why this worker will not serve."""
        self._tell(FAILED, 0, reason.encode("utf-8", "replace"))

    def check(self, config: PluginConfig) -> None:
        """`plugin.start` was reached. Raises `ConfigError` if it was launched as another plugin."""
        self.taken = True
        if config.name != self._name:
            raise ConfigError(
                f"plugin {config.name!r}", f"was launched as {self._name!r}; the names must agree"
            )

    def serve(self, config: PluginConfig, symbols: Symbols) -> None:
        """Dial the declared functions, say so, and answer commands until the supervisor ends."""
        symbols.activate()
        try:
            self._link.send(READY, 0, _settings(config))
            while True:
                kind, number, frame = self._link.recv()
                if kind == COMMAND:
                    self._link.send(ANSWER, number, symbols.answer(frame))
                    symbols.answered()
                elif kind == STATUS:
                    self._link.send(STATUS, number, dumps(symbols.figures(), "status"))
        except ChannelClosedError:
            pass

    def _tell(self, kind: int, number: int, content: bytes = b"") -> None:
        try:
            self._link.send(kind, number, content)
        except ChannelClosedError:
            pass  # nobody wants to know any more


def _settings(config: PluginConfig) -> bytes:
    """What of the configuration is the supervisor's business, as it knows it only now."""
    return dumps(
        {
            "start_timeout": min(float(config.start_timeout), _ENDLESS),
            "call_timeout": config.call_timeout,
        },
        "settings",
    )


# A process is a worker or it is not: known per process, as its channels are.
_seats: list[Seat] = []


def sit(link: Link, name: str, marks: Marks | None) -> Seat:
    """This process is a worker from now on."""
    _seats.append(Seat(link, name, marks))
    return _seats[-1]


def seat() -> Seat | None:
    """The worker that this process is, or is a forked child of (then its `pid` is another)."""
    return _seats[-1] if _seats else None
