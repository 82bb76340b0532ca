"""The boundary to author code: how it is called, and how what it raises is told."""

import logging
import os
import sys
from types import CoroutineType, FrameType, TracebackType

from ..errors import SymbolError
from ..function import Function
from ..sink import Sink
from ..source import Source
from ..typed import TYPE_CHECKING, Any
from .lastwords import say, text_of, traceback_of
from .logs import Repeats

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures

__all__ = ["PACKAGE", "AuthorLoop", "Reporter", "caller", "check_method", "describe", "is_library"]

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""How the paths of files begin that are not the author's, but ours."""

_STDLIB = os.path.dirname(os.__file__) + os.sep


def _installed() -> tuple[str, ...]:
    """How the paths of what was installed beside this package begin, as in a pack; nothing where
    the package lies bare, perhaps in the author's folder."""
    folder = os.path.dirname(PACKAGE.rstrip(os.sep))
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    installed = any(name.startswith("ekuiper-") and name.endswith(".dist-info") for name in names)
    return (folder + os.sep,) if installed else ()


_LIBRARIES = ("<frozen", _STDLIB, *_installed())

_NEEDED = {
    "source": ("open", "open(self, ctx), which emits rows with ctx.emit"),
    "sink": ("collect", "collect(self, ctx, data), which takes a message"),
    "func": ("exec", "exec(self, args, ctx), which returns the result"),
}


class AuthorLoop:
    """Runs the coroutines of one symbol's `async def` methods on one event loop.

    The loop is made at the first coroutine and kept until `close`, so that what the author ties to
    it (sessions, locks, queues) lives on between calls.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        """What `run` waits for."""
        self._elsewhere: concurrent.futures.Future[Any] | None = None

    def run(self, result: Any) -> Any:
        """`result`, or what it comes to if it is a coroutine; on the symbol's own thread."""
        if type(result) is not CoroutineType:
            return result
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self.task = self._loop.create_task(result)
        try:
            return self._loop.run_until_complete(self.task)
        finally:
            self.task = None

    def run_elsewhere(self, result: Any, timeout: float) -> Any:
        """Like `run`, on another thread: on the symbol's loop while that is at work, else on a
        loop for this one coroutine."""
        if type(result) is not CoroutineType:
            return result
        import asyncio

        if self._loop is None or not self._loop.is_running():
            return asyncio.run(result)
        self._elsewhere = asyncio.run_coroutine_threadsafe(result, self._loop)
        return self._elsewhere.result(timeout)

    def cancel(self) -> None:
        """Cancel the coroutine that `run` waits for, if any; from any thread."""
        loop, task = self._loop, self.task
        if loop is not None and task is not None:
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                pass  # closed meanwhile: the task has ended

    def close(self) -> None:
        """Let what other threads gave this loop end, then close it; on the symbol's own thread."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        import asyncio

        if self._elsewhere is not None and not self._elsewhere.done():
            ending = asyncio.wrap_future(self._elsewhere, loop=loop)
            loop.run_until_complete(asyncio.wait([ending], timeout=1.0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def check_method(what: str, kind: str, instance: object) -> None:
    """Refuse an object whose class lacks the method it is for, naming the class and its line."""
    name, shape = _NEEDED[kind]
    method = getattr(instance, name, None)
    bases = (getattr(base, name, None) for base in (Source, Sink, Function))
    if not callable(method) or getattr(method, "__func__", method) in bases:
        raise SymbolError(
            what, f"{_where_defined(type(instance))} has no method {name}; give it {shape}"
        )


def describe(error: BaseException) -> str:
    """`Type: message (file.py:12)`, with the innermost line of author code. Never raises."""
    text = text_of(error)
    name = type(error).__name__
    where = _author_line(traceback_of(error))
    return f"{name}{': ' if text else ''}{text}{f' ({where})' if where else ''}"


def caller() -> str:
    """`file.py:12` of the author's line that called into this package; "" where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


class Reporter:
    """Logs what author code raised, with its traceback, a mistake in each row only now and then.

    One per running symbol; `symbol` reads like "source 'pyjson'". Any thread may use it.
    """

    def __init__(self, symbol: str, logger: logging.Logger) -> None:
        self.symbol = symbol
        self._logger = logger
        self._repeats = Repeats()

    def raised(self, method: str, error: BaseException) -> str:
        """Log that `method` raised; returns the one-line description."""
        text = describe(error)
        times = self._repeats.due(
            f"{method} {type(error).__name__} {_author_line(traceback_of(error))}"
        )
        if times:
            part = _author_part(traceback_of(error))
            line = f"{method} of {self.symbol} raised {text}{_again(times)}"
            self._tell(line, (type(error), error, part))
        return text

    def wrong(self, text: str, key: str | None = None) -> None:
        """Log a mistake that is no exception; `key` groups texts that differ in values only."""
        times = self._repeats.due(key or text)
        if times:
            self._tell(f"{self.symbol}: {text}{_again(times)}")

    def _tell(self, line: str, exc_info: Any = None) -> None:
        try:
            self._logger.error("%s", line, exc_info=exc_info)
        except BaseException as error:  # the author's handlers, filters and factories of records
            say(f"{line}; it could not be logged: {describe(error)}")


def _again(times: int) -> str:
    return f" ({times} times since last told)" if times > 1 else ""


def _author_part(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the first author frame on: ours above it explain nothing."""
    whole = traceback
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(PACKAGE):
            return traceback
        traceback = traceback.tb_next
    return whole


def _author_line(traceback: TracebackType | None) -> str:
    """The innermost line outside this package, preferably outside installed libraries too."""
    own = outside = ""
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            outside = f"{os.path.basename(path)}:{traceback.tb_lineno}"
            if not is_library(path):
                own = outside
        traceback = traceback.tb_next
    return own or outside


def is_library(path: str) -> bool:
    """Whether a file is of the standard library, or was installed."""
    return path.startswith(_LIBRARIES) or "site-packages" in path


def _where_defined(cls: type) -> str:
    import inspect  # only on the way to an error: it costs ten milliseconds

    try:
        path = os.path.basename(inspect.getsourcefile(cls) or "")
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return f"class {cls.__qualname__}"
    return f"class {cls.__qualname__} ({path}:{line})"
