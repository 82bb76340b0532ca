"""What must be said, and done, when nothing else works any more."""

import os
import threading
from types import TracebackType

from ..typed import Any
from .lines import printable

__all__ = ["SymbolThread", "end_with_symbols", "say", "text_of", "traceback_of"]

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


def text_of(error: BaseException) -> str:
    """`str(error)`, or why that cannot be had. Never raises."""
    try:
        return str(error)
    except BaseException as other:  # author code may raise anything, also when it is made text
        return f"(its __str__ raised {type(other).__name__})"


def traceback_of(error: BaseException) -> TracebackType | None:
    """Where it was raised, if it tells. Never raises."""
    try:
        return error.__traceback__
    except BaseException:  # a class of the author's may have made even this a property
        return None


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
        say(f"{given.thread.name} ended by {_told(given.exc_value)}, and this process with it")
        os._exit(BROKEN)

    threading.excepthook = hook


def _told(error: BaseException) -> str:
    """With the innermost line, which is ours, or the standard library's."""
    where, traceback = "", traceback_of(error)
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        where = f" ({os.path.basename(path)}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return f"{type(error).__name__}: {text_of(error)}{where}"
