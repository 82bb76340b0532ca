"""What must be said, and done, when nothing else works any more."""

import os
import threading

from ..typed import Any
from .lines import printable

__all__ = ["SymbolThread", "end_with_symbols", "say"]

BROKEN = 70
"""Exit status of a process that one of its symbols' threads has left (EX_SOFTWARE)."""


class SymbolThread(threading.Thread):
    """A thread that a source, a sink or a function depends on."""


def say(text: str) -> None:
    """One line on stderr, past logging and streams, which author code may have broken. Never
    raises."""
    try:
        os.write(2, f"{printable(text)}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # there is no stderr either


def end_with_symbols() -> None:
    """From now on, end this process when an exception leaves the thread of a symbol.

    Whatever that was, nobody would serve the symbol any more, and the host would wait for ever:
    better is what comes of the end of a process, a new worker. Exceptions of author code never get
    there, but for what the code does to sockets that it does not own.
    """
    before = threading.excepthook

    def hook(given: Any) -> None:
        if not isinstance(given.thread, SymbolThread):
            before(given)
            return
        say(f"{given.thread.name} ended by {_name(given.exc_value)}, and this process with it")
        os._exit(BROKEN)

    threading.excepthook = hook


def _name(error: BaseException | None) -> str:
    try:
        where, traceback = "", error.__traceback__ if error is not None else None
        while traceback is not None:
            path = traceback.tb_frame.f_code.co_filename
            where = f" ({os.path.basename(path)}:{traceback.tb_lineno})"
            traceback = traceback.tb_next
        return f"{type(error).__name__}: {error}{where}"
    except BaseException:  # author code may raise anything, also when it is made text
        return type(error).__name__
