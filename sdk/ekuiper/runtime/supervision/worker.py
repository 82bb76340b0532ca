"""The worker's end: what the supervisor is told, and its commands carried out."""

import logging
import os
import sys
from collections.abc import Sequence

from ...config import PluginConfig
from ...errors import ChannelClosedError, ConfigError
from ...protocol.engine import dumps, loads
from ..guard import Guard
from ..hangs import Hangs
from ..keeping import Keeping
from ..symbols import Symbols
from .custody import split
from .files import author_files
from .link import (
    ACTIVATE,
    ANSWER,
    CALLS,
    COMMAND,
    FAILED,
    FILES,
    HAND_OVER,
    HELLO,
    KEEP,
    PING,
    PREPARE,
    READY,
    STATUS,
    TAKE_OVER,
    TAKEN,
    VERSION,
    WORN,
    Frame,
    Link,
    inherited,
)
from .marks import Marks
from .overdue import let_stacks_be_taken
from .settings import Settings
from .succession import Heir, give_all

__all__ = ["Seat", "seat", "sit"]

_log = logging.getLogger(__name__)


class Seat:
    """That this process is a worker, of the plugin `name`."""

    def __init__(self, link: Link, name: str, marks: Marks | None) -> None:
        self._link = link
        self._name = name
        self.guard: Guard | None = None
        self._hangs: Hangs | None = None
        if marks is not None:
            let_stacks_be_taken(marks)
            self._hangs = Hangs(marks.calls, lambda: self._tell(CALLS, 0))
            self.guard = Guard(marks, self._hangs)
        self.keeping = Keeping(lambda name, fds: self._tell(KEEP, len(fds), name, fds))
        self.pid = os.getpid()
        self.taken = False
        """Whether `plugin.start` was reached."""

    def hello(self) -> None:
        """The first frame, before any author code."""
        self._tell(HELLO, VERSION)

    def worn(self, reason: str) -> None:
        """Say that this worker should be replaced; from any thread."""
        self._tell(WORN, 0, reason.encode())

    def failed(self, reason: str, *files: str) -> None:
        """Say why this worker will not serve; `files` are to be watched too."""
        self._tell(FILES, 0, dumps([*author_files(), *files], "files"))
        self._tell(FAILED, 0, reason.encode("utf-8", "replace"))

    def check(self, config: PluginConfig) -> None:
        """`plugin.start` was reached. Raises `ConfigError` if it was launched as another plugin."""
        self.taken = True
        if config.name != self._name:
            raise ConfigError(
                f"plugin {config.name!r}", f"was launched as {self._name!r}; the names must agree"
            )

    def serve(self, config: PluginConfig, symbols: Symbols) -> None:
        """Say that all is imported, and do as the supervisor says until it ends, or another worker
        has taken over."""
        if self._hangs is not None:
            self._hangs.limit_to(config.call_timeout)
        heir = Heir(symbols)
        try:
            self._tell(FILES, 0, dumps(author_files(), "files"))
            self._link.send(READY, 0, Settings.of(config).packed())
            while True:
                kind, number, frame = self._hear()
                if kind == COMMAND:
                    self._link.send(ANSWER, number, symbols.answer(frame))
                    symbols.answered()
                elif kind == KEEP:
                    self.keeping.handed(*split(frame), self._link.descriptors(number))
                elif kind == PING:
                    self._link.send(PING, "pydevd" in sys.modules)
                elif kind == STATUS:
                    self._link.send(STATUS, number, dumps(symbols.figures(), "status"))
                elif kind == ACTIVATE:
                    symbols.activate()
                elif kind == PREPARE:
                    self._link.send(ANSWER, number, heir.prepare(number, frame))
                elif kind == TAKE_OVER:
                    failed = heir.take_over(self._line(), loads(frame))
                    self._link.send(TAKEN, 0, dumps(failed, "failures"))
                elif kind == HAND_OVER and (line := self._line()) is not None:
                    give_all(symbols, line)
                    return
        except ChannelClosedError:
            pass

    def _hear(self) -> Frame:
        """The supervisor's next frame; until it comes, calls that hang are looked for."""
        if (hangs := self._hangs) is not None:
            while (left := hangs.left) is not None and not (left and self._link.ready(left)):
                hangs.look()
        return self._link.recv()

    def _line(self) -> Link | None:
        """The line to the other worker that came with the last frame."""
        found = self._link.descriptors(1)
        return inherited(found[0]) if found else None

    def _tell(
        self, kind: int, number: int, content: bytes = b"", descriptors: Sequence[int] = ()
    ) -> None:
        try:
            self._link.send(kind, number, content, descriptors)
        except ChannelClosedError:
            pass  # nobody wants to know any more


# A process is a worker or it is not: known per process, as its channels are.
_seats: list[Seat] = []


def sit(link: Link, name: str, marks: Marks | None) -> Seat:
    """This process is a worker from now on."""
    _seats.append(Seat(link, name, marks))
    return _seats[-1]


def seat() -> Seat | None:
    """The worker that this process is, or is a forked child of (then its `pid` is another)."""
    return _seats[-1] if _seats else None
