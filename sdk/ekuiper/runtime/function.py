"""A running function."""

import logging
import threading
import time
from collections.abc import Callable
from types import CoroutineType

from ..config import PluginConfig
from ..errors import (
    ChannelClosedError,
    ChannelResetError,
    EkuiperError,
    SymbolError,
    TransportError,
    UnsupportedValueError,
)
from ..protocol.codec import decode_args, decode_call, encode_reply, encode_returned, ending_of
from ..protocol.messages import HANDSHAKE, CallContext, Reply
from ..transport import Request
from ..transport.ceded import Ceded
from ..typed import Any
from .author import AuthorLoop, Reporter, check_method, describe
from .context import FunctionContext, place_of
from .guard import Guard
from .lastwords import SymbolThread
from .logs import PLACE
from .polling import Polling
from .signals import signal
from .symbol import LEAVE_TIMEOUT
from .tally import Tally
from .wear import Wear

__all__ = ["RunningFunction"]

OLD_HOST_LIMIT = 1 << 20
"""Bytes that eKuiper 1.x takes in one message, the 4-byte request id included; it cuts the
connection of a longer one and sends the same request again."""

WAKE_PAUSE = 0.005
"""Seconds between the signals that get a thread out of `recv`."""

SETTLE = 0.2
"""Seconds for the host to read our last answer, before it hears of another connection: whatever
comes first it takes for the answer, and all later ones would be shifted."""

MOST_CONTEXTS = 1024
"""Contexts kept: the host never says that a rule is gone."""

_log = logging.getLogger(__name__)


class RunningFunction:
    """One function, on a thread and a connection of its own, until the process ends.

    `connect` dials the host's socket or raises, `release` gives the name back after the connection
    was closed; both are called on the function's thread. With `required` a start waits for this
    function: a factory that raises ends it again. Without, the host calls already, and each call is
    answered with what the factory raised. In a worker its `guard` sees what is asked. What it
    `awaits`, if anything, is between a successful factory and `connect`.
    """

    def __init__(
        self,
        name: str,
        config: PluginConfig,
        connect: Callable[[], Request],
        release: Callable[[], None],
        polling: Polling,
        *,
        required: bool,
        guard: Guard | None = None,
        wear: Wear | None = None,
        awaits: Callable[[], object] | None = None,
    ) -> None:
        self.what = f"function {name!r} of plugin {config.name!r}"
        self.failure: EkuiperError | None = None
        self.tally = Tally()
        self._factory = config.functions[name]
        self._connect = connect
        self._release = release
        self._required = required
        self._respond: Callable[[bytes], bytes] = self._answer
        if guard is not None:
            self._respond = guard.around(name, self._answer, self._refuse, self.what)
        self._pace = polling.wait(self.tally.add if wear is None else wear.counting(self.tally.add))
        self._author: Any = None
        self._exchange: Request | None = None
        self._loop = AuthorLoop()
        self._reporter = Reporter(self.what, _log)
        self._contexts: dict[CallContext, FunctionContext] = {}
        self._ending = b""  # of the last call, and its context
        self._context: FunctionContext | None = None
        self._limit: int | None = None
        self._large = b"", 0  # the request of the last large reply, and the calls before it
        self._cut = -1  # the calls before the connection was lost
        self._awaits = awaits
        self._made = threading.Event()  # if it awaits something: the factory succeeded, or failed
        self._started = threading.Event()
        self._closing = False
        self._thread = SymbolThread(target=self._main, name=f"function {name}", daemon=True)

    def start(self) -> None:
        """Begin to connect and to make the author's object, without waiting for either."""
        self._thread.start()

    def wait_started(self, timeout: float) -> None:
        """Return when calls are answered; raises `SymbolError` when that failed or takes too
        long."""
        if not self._started.wait(timeout):
            raise SymbolError(self.what, f"is still being made after {timeout:g} s")
        if self.failure is not None:
            raise self.failure

    def wait_made(self, timeout: float) -> None:
        """Like `wait_started`, for one that awaits something: when it does."""
        if not self._made.wait(timeout):
            raise SymbolError(self.what, f"is still being made after {timeout:g} s")
        if self.failure is not None:
            raise self.failure

    def leave(self) -> Ceded | None:
        """Answer the call that is running, if any, and no other one; returns what another process
        can go on with, when the name is given back. Needs a handler for SIGURG."""
        self._closing = True
        exchange, ident = self._exchange, self._thread.ident
        if exchange is None or ident is None:
            self._thread.join(LEAVE_TIMEOUT)
            return None
        exchange.finish()
        deadline = time.monotonic() + LEAVE_TIMEOUT
        while self._thread.is_alive() and time.monotonic() < deadline:
            exchange.wake(lambda: signal.pthread_kill(ident, signal.SIGURG))
            self._thread.join(WAKE_PAUSE)
        ceded = exchange.cede() if not self._thread.is_alive() else None
        if ceded is None:
            time.sleep(SETTLE)
        return ceded

    def close(self) -> None:
        """Close the connection, without waiting for a call that is running."""
        self._closing = True
        if self._exchange is not None:
            self._exchange.close()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout)

    @property
    def rules(self) -> list[str]:
        """Those that have called it; from any thread."""
        return sorted({place.rule_id for place in list(self._contexts)})

    def _main(self) -> None:
        try:
            self._prepare()
        except EkuiperError as error:
            self.failure = error
        except BaseException as error:  # author code may raise anything, SystemExit included
            self.failure = SymbolError(describe(error), f"raised when {self.what} was made")
        self._made.set()
        self._started.set()
        try:
            if self.failure is None:
                self._serve()
        except ChannelClosedError:
            pass  # the process ends
        finally:
            self.close()
            self._release()
            self._loop.close()

    def _prepare(self) -> None:
        if self._awaits is not None:
            self._make()
            self._made.set()
            self._awaits()
        exchange = self._connect()
        self._exchange = exchange
        if self._closing:
            exchange.close()
        try:
            if self._author is None:
                self._make()
        except BaseException as error:  # author code may raise anything, SystemExit included
            if self._required:
                raise
            self._reporter.raised("the factory", error)

    def _make(self) -> None:
        author = self._factory()
        check_method(self.what, "func", author)
        self._author = author

    def _serve(self) -> None:
        """Answer requests, on a new connection whenever one is lost."""
        exchange = self._exchange
        assert exchange is not None
        while True:
            try:
                if not exchange.waiting:  # or another process has asked
                    exchange.send(HANDSHAKE)
                exchange.converse(self._respond, self._pace)
            except ChannelResetError:
                self._cut = self.tally.calls
                _log.debug("connection of %s lost; dialling again", self.what)
            except ChannelClosedError:
                raise
            except TransportError as error:
                self._reporter.wrong(f"cannot reach the host: {error}")
                time.sleep(1.0)

    def _answer(self, frame: bytes) -> bytes:
        """The reply to one request; never raises, whatever author code does."""
        try:
            args = decode_args(frame, self._ending)
            encoded = self._answer_any(frame) if args is None else self._exec(args)
        except UnsupportedValueError as error:
            return self._refuse(f"exec returned what cannot be sent: {error}")
        except SymbolError as error:
            return self._refuse(error.reason)
        except EkuiperError as error:
            return self._refuse(str(error))
        except BaseException as error:  # author code may raise anything, SystemExit included
            self.tally.errors += 1
            method = "a call"
            return encode_reply(Reply(False, self._reporter.raised(method, error)))
        return encoded if len(encoded) + 4 <= OLD_HOST_LIMIT else self._check_size(frame, encoded)

    def _refuse(self, text: str) -> bytes:
        self.tally.errors += 1
        self._reporter.wrong(text)
        return encode_reply(Reply(False, f"{self.what}: {text}"))

    def _check_size(self, frame: bytes, encoded: bytes) -> bytes:
        """The large reply to a request, unless that is what the host cuts the connection at: it
        did so at this reply to this request, just now."""
        asked, calls = self._large
        if frame == asked and self._cut == self.tally.calls <= calls + 1:
            self._limit = OLD_HOST_LIMIT
        if self._limit is not None:
            return self._refuse(
                f"the result is {len(encoded)} bytes long, and this host takes at most "
                f"{self._limit} (eKuiper 1.x does); return less, or upgrade the host"
            )
        self._large = frame, self.tally.calls
        return encoded

    def _exec(self, args: list[Any]) -> bytes:
        result = self._author.exec(args, self._context)
        if type(result) is CoroutineType:
            result = self._loop.run(result)
        return encode_returned(result)

    def _answer_any(self, frame: bytes) -> bytes:
        """The reply to a request that is not the call of one place in a rule after another."""
        func, args, place = decode_call(frame)
        if self._author is None:
            self._make()
        if place is not None:
            self._move(place)
            self._ending = ending_of(frame)
            return self._exec(args)
        if func == "Validate":
            return encode_reply(self._validate(args))
        return encode_returned(self._is_aggregate())

    def _move(self, place: CallContext) -> None:
        self._context = self._contexts.get(place) or self._new_context(place)
        PLACE.set(place_of(place))

    def _validate(self, args: list[Any]) -> Reply:
        validate = getattr(self._author, "validate", None)
        refusal = self._loop.run(validate(args)) if validate is not None else ""
        if refusal is None or refusal == "":
            return Reply(True, "")
        if isinstance(refusal, str):
            return Reply(False, refusal)
        raise SymbolError(
            self.what,
            f"validate returned {type(refusal).__name__} {refusal!r}; return a text that says why "
            "the arguments are refused, or None to accept them",
        )

    def _is_aggregate(self) -> bool:
        method = getattr(self._author, "is_aggregate", None)
        return bool(self._loop.run(method())) if method is not None else False

    def _new_context(self, place: CallContext) -> FunctionContext:
        if len(self._contexts) >= MOST_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        context = self._contexts[place] = FunctionContext(self.what, place)
        return context
