"""The plugin's script, as the `__main__` of a worker."""

import io
import os
import sys
import threading
from types import CodeType

from ...typed import Any
from ..carried import Carried
from ..lines import prepare_streams
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
        self._furnish(path, arguments)

    def _furnish(self, path: str, arguments: list[str]) -> None:
        prepare_streams()
        sys.argv[:] = [path, *arguments]
        if not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
            sys.path[0] = os.path.dirname(self._path)
        library = self._carried.library
        if library and library not in sys.path:  # as the launcher has it, where that is not run
            sys.path.insert(1, library)
        # What runs now stays alive under another name: its frame is on the stack.
        sys.modules["__ekuiper_launcher__"] = sys.modules["__main__"]
        main = type(sys)("__main__")
        self.namespace: dict[str, Any] = main.__dict__
        self.namespace.update(__file__=self._path, __builtins__=__builtins__, __cached__=None)
        sys.modules["__main__"] = main

    def code(self) -> CodeType:
        """Read and compile it. Raises `ImportError` where what it needs cannot be loaded."""
        if refusal := self._carried.refusal:
            raise ImportError(refusal)
        with io.open_code(self._path) as file:
            return compile(file.read(), self._path, "exec", dont_inherit=True)

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
