"""What running sources and sinks have in common: a thread, a prepared start, a bounded stop."""

import logging
import threading
import time

from ..config import PluginConfig
from ..errors import EkuiperError, SymbolError
from ..protocol.addresses import Addresses
from ..protocol.messages import Command
from ..transport import Transport
from ..transport.ceded import Ceded
from ..typed import Any
from .author import AuthorLoop, Reporter, check_method, describe
from .context import place_of
from .lastwords import SymbolThread
from .logs import PLACE
from .stacks import stack_of, warn
from .wear import Wear

__all__ = ["CLOSE_TIMEOUT", "CONFIGURE_TIMEOUT", "LEAVE_TIMEOUT", "RunningSymbol"]

CONFIGURE_TIMEOUT = 10.0
"""Seconds that a source or sink may take until its start is answered: the host's mutex is held."""

CLOSE_TIMEOUT = 1.0
"""Seconds that `close` is given before a stop is answered; eKuiper 1.x kills a second later."""

LEAVE_TIMEOUT = 10.0
"""Seconds that author code has for what it is at, when another process waits to go on."""

GRACE = 0.5
"""Seconds for author code to end by itself before its coroutine is cancelled."""

_log = logging.getLogger(__name__)


class RunningSymbol:
    """One source or sink at one place in a rule, on a thread of its own.

    `start` returns when it is prepared (factory, `configure`, sockets), `go` lets `open` run,
    `stop` ends it. A subclass says what `prepare`, `run`, `cut` and `counts` do.
    """

    kind = ""
    close_interrupts = False
    """Whether the author's `close` is what makes `run` end (a source), or comes after it (a
    sink)."""

    def __init__(
        self, command: Command, config: PluginConfig, transport: Transport, addresses: Addresses
    ) -> None:
        self.command = command
        self.what = (
            f"{self.kind} {command.symbol!r} of plugin {config.name!r} "
            f"in rule {command.meta.rule_id!r} ({command.meta.op_id})"
        )
        self.author: Any = None
        self.loop = AuthorLoop()
        self.reporter = Reporter(self.what, _log)
        self.ctx: Any = None
        self._factory = config.get(command.kind, command.symbol)
        self._transport = transport
        self._addresses = addresses
        self.wear: Wear | None = None
        self._connects = True
        self._prepared = threading.Event()
        self._failure: EkuiperError | None = None
        self._go = threading.Event()
        self.stopping = threading.Event()
        self.opened = False  # set before the author's `open` is called
        self._closed = threading.Lock()  # taken once, never released: `close` runs once
        self._in_close = False
        self._thread = SymbolThread(
            target=self._main, name=f"{self.kind} {command.symbol}", daemon=True
        )

    def prepare(self) -> None:
        """Make and configure the author's object; on the symbol's thread."""
        raise NotImplementedError

    def connect(self, ceded: Ceded | None) -> None:
        """Open the channel to the host, or go on with the one that another process ceded; once,
        before `go`."""
        raise NotImplementedError

    def cede(self) -> Ceded | None:
        """Close that channel so that another process can go on with it; from any thread."""
        raise NotImplementedError

    def run(self) -> None:
        """Do the work until stopped; on the symbol's thread, after the start was answered."""
        raise NotImplementedError

    def cut(self) -> None:
        """Close the channels, so that whatever blocks in them ends; from any thread, repeatable."""
        raise NotImplementedError

    def counts(self) -> tuple[int, int]:
        """Rows and errors so far; from any thread."""
        raise NotImplementedError

    def start(self, *, connects: bool = True) -> None:
        """Prepare and connect; raises `SymbolError` with the text for the host when that fails or
        takes too long. Without `connects` somebody calls `connect` before `go`."""
        self._connects = connects
        self._thread.start()
        if not self._prepared.wait(CONFIGURE_TIMEOUT):
            self.stopping.set()
            self.cut()
            error = f"configure has not returned after {CONFIGURE_TIMEOUT:g} s; given up"
            warn(_log, f"{self.what}: {error}, it is now at:", stack_of(self._thread.ident))
            raise SymbolError(self.what, error)
        if self._failure is not None:
            raise self._failure

    def go(self) -> None:
        """The start was answered: `open` may run."""
        self._go.set()

    def stop(self) -> None:
        """Cut the channels, call `close` and return within `CLOSE_TIMEOUT`, however author code
        behaves; what still runs then is left behind, without a channel to do harm with."""
        self.begin_stop()
        self.await_stop(CLOSE_TIMEOUT)

    def leave(self) -> Ceded | None:
        """Stop, as soon as author code has done what it has begun, and let another process go on
        with the channel; returns when it may."""
        self.stopping.set()
        ceded = self.cede()
        self._go.set()
        if not self.close_interrupts:
            self._thread.join(LEAVE_TIMEOUT)
            self.settle()
        self.stop()
        return ceded

    def settle(self) -> None:
        """Author code has ended: say what it left unsaid, on channels that are still open."""

    def begin_stop(self) -> None:
        """The first half of `stop`: start ending, without waiting."""
        self.stopping.set()
        self.cut()
        self._go.set()
        self._closer = threading.Thread(
            target=self._end, name=f"close {self.command.symbol}", daemon=True
        )
        self._closer.start()

    def await_stop(self, timeout: float) -> None:
        """The second half of `stop`: wait until author code has ended."""
        deadline = time.monotonic() + timeout
        for thread in (self._closer, self._thread):
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._closer.is_alive() or self._thread.is_alive():
            returned = "has not returned" if self._in_close else "returned, but did not end it"
            warn(
                _log,
                f"{self.what} is still at work {timeout:.2g} s after its stop (close() {returned});"
                " left behind without a connection, it is now at:",
                stack_of(self._thread.ident),
                stack_of(self._closer.ident),
            )

    def make_author(self) -> Any:
        """The author's object, checked to have the method it is for."""
        assert self._factory is not None
        author = self._factory()
        self._check_wanted()
        check_method(self.what, self.command.kind, author)
        return author

    def call(self, method: str, *args: Any) -> Any:
        """Call a method of the author's object, coroutine or not; on the symbol's thread."""
        result = self.loop.run(getattr(self.author, method)(*args))
        if not self.opened:
            self._check_wanted()
        return result

    def _check_wanted(self) -> None:
        """Raise if the start was given up: the next one's channels are at the same addresses."""
        if self.stopping.is_set():
            raise SymbolError(self.what, "was started too late")

    def _main(self) -> None:
        PLACE.set(place_of(self.command.meta))
        try:
            self.prepare()
            if self._connects:
                self.connect(None)
        except EkuiperError as error:
            self._failure = error
        except BaseException as error:  # author code may raise anything, SystemExit included
            self._failure = SymbolError(describe(error), f"raised when {self.what} was started")
            self.reporter.raised("the start", error)
        self._prepared.set()
        if self._failure is not None or self.stopping.is_set():
            self.cut()
            self.loop.close()
            return
        self._go.wait()
        if not self.stopping.is_set():
            self.run()
        self._close_author()
        self.loop.close()

    def _end(self) -> None:
        """Bring a symbol that is stopping to its end; on a thread of its own."""
        if self.close_interrupts:
            self._close_author()
            self._thread.join(GRACE)
        else:
            self._thread.join(GRACE)
            self._close_author()
        self.loop.cancel()

    def _close_author(self) -> None:
        if not self.opened or not self._closed.acquire(blocking=False):
            return
        close = getattr(self.author, "close", None)
        if close is None:
            return
        own = threading.current_thread() is self._thread
        self._in_close = True
        try:
            result = close(self.ctx)
            self.loop.run(result) if own else self.loop.run_elsewhere(result, CLOSE_TIMEOUT)
        except BaseException as error:  # author code may raise anything
            self.reporter.raised("close", error)
        self._in_close = False
