"""The plugin's script, as the `__main__` of a worker."""

import os
import sys
import threading
from types import CodeType

from ..asmain import as_main, compiled
from ..carried import Carried
from .files import files_of
from .link import Link
from .marks import Marks
from .worker import Seat, sit

__all__ = ["Script"]


class Script:
    """A script that this process is to run as `python path *arguments` would.

    With a `link` this process is a worker of the plugin `name`, and its supervisor is told what
    goes wrong.
    """

    def __init__(
        self,
        path: str,
        arguments: list[str],
        link: Link | None,
        name: str,
        marks: Marks | None = None,
        carried: Carried | None = None,
    ) -> None:
        self._path = os.path.abspath(path)
        self._carried = carried or Carried()
        self._seat: Seat | None = None
        if link is not None:
            self._seat = sit(link, name, marks)
            self._seat.hello()
        self.namespace = as_main(path, arguments, self._carried.library)

    def code(self) -> CodeType:
        """Read and compile it. Raises `ImportError` where what it needs cannot be loaded."""
        if refusal := self._carried.refusal:
            raise ImportError(refusal)
        return compiled(self._path)

    def failed(self, error: BaseException) -> None:
        """It raised: end as Python would, but for the frame of the launcher in the traceback."""
        seat = self._seat
        waiting = seat is not None and not seat.taken and seat.pid == os.getpid()
        if isinstance(error, SystemExit):
            if waiting and seat is not None:
                seat.failed(f"{self._name} called sys.exit({error.code!r}) before plugin.start")
            raise error
        trace = error.__traceback__
        error = error.with_traceback(trace.tb_next if trace is not None else None)
        if waiting and seat is not None:
            from ..author import describe

            seat.failed(describe(error), *files_of(error))
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)

    def ended(self) -> None:
        """It ran to its end. A plugin does not, unless it serves on another thread."""
        seat = self._seat
        if seat is not None and seat.pid == os.getpid() and threading.active_count() == 1:
            seat.failed(f"{self._name} ended without plugin.start(...)")

    @property
    def _name(self) -> str:
        return os.path.basename(self._path)
