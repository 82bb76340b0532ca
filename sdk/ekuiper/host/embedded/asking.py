"""Asking a plugin something over REP, control commands and function calls.

The roles are inverted: the plugin's handshake or last answer is the pending request, and what the
host asks travels as the reply to it. The rules are those of eKuiper's
`internal/plugin/portable/runtime/connection.go`.
"""

import threading
import time
from collections.abc import Callable

from ...errors import ChannelStateError, ChannelTimeoutError, HostError
from ...protocol.codec import (
    decode_reply,
    decode_result,
    encode_call,
    encode_command,
    is_handshake,
)
from ...protocol.messages import Call, Command, Reply
from ...transport import Exchange
from .settings import Settings

__all__ = ["ControlLink", "FunctionLink"]

_LOOK = 0.1  # seconds between two looks whether the plugin still lives


class ControlLink:
    """Starts and stops symbols, one command at a time; callable from any thread.

    `gone` says why the plugin can no longer answer, or None. eKuiper has no such thing and waits
    an hour; here it ends the wait. The link owns `exchange`.
    """

    def __init__(
        self,
        exchange: Exchange,
        settings: Settings,
        gone: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._exchange = exchange
        self._settings = settings
        self._gone = gone
        self._mutex = threading.Lock()

    def handshake(self) -> None:
        """Wait for the first message of a plugin, whatever it says. Raises `HostError`.

        While a command waits for its answer this returns at once: that command takes the handshake
        and is sent again.
        """
        if not self._mutex.acquire(blocking=False):
            return
        try:
            self._receive(self._settings.init_timeout)
        except ChannelTimeoutError as error:
            raise HostError("control handshake error: receive time out") from error
        finally:
            self._mutex.release()

    def command(self, command: Command, timeout: float | None = None) -> None:
        """Send `command` and wait for "ok"; any other answer is a `HostError` with its text.

        `timeout` bounds the wait for the commands of other threads and for the answer, each;
        None leaves it to `Settings.control_timeout`.
        """
        patience = self._settings.control_timeout if timeout is None else timeout
        if not self._mutex.acquire(timeout=-1 if patience is None else patience):
            raise HostError("another command is still waiting for its answer")
        try:
            self._command(encode_command(command), patience)
        except ChannelTimeoutError as error:
            raise HostError(f"receive error: (no answer in {patience:g} s)") from error
        finally:
            self._mutex.release()

    def close(self) -> None:
        """Stop listening; whoever waits gets `ChannelClosedError`."""
        self._exchange.close()

    def _command(self, frame: bytes, patience: float | None) -> None:
        def receive() -> bytes:
            return self._receive(patience)

        if self._settings.control_style == "loop":
            answer = _ask(self._exchange, frame, None, receive)
        elif _put(self._exchange, frame, None, receive):
            answer = receive()
        else:
            return  # up to 2.1.2 the answer is left for the next command to trip over
        failure = decode_result(answer)
        if failure is not None:
            raise HostError(f"receive error: {failure}")

    def _receive(self, timeout: float | None) -> bytes:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            reason = self._gone()
            left = _LOOK if deadline is None else min(_LOOK, deadline - time.monotonic())
            try:
                return self._exchange.recv(max(0.0, left))
            except ChannelTimeoutError:
                if reason is not None:
                    raise HostError(reason) from None
                if left <= 0:
                    raise


class FunctionLink:
    """Calls one function, one call at a time; callable from any thread. Owns `exchange`."""

    def __init__(self, exchange: Exchange, settings: Settings) -> None:
        self._exchange = exchange
        self._settings = settings
        self._mutex = threading.Lock()

    def call(self, call: Call) -> Reply:
        """Ask and wait for the reply.

        Raises `ChannelTimeoutError` after `recv_timeout`. Then the next call first waits for that
        late reply, throws it away and only then is sent; while it does not come, calls fail
        without being sent. Raises `MalformedMessageError` for a reply that is none.
        """
        question = encode_call(call)
        with self._mutex:
            answer = _ask(self._exchange, question, self._settings.send_timeout, self._receive)
        return decode_reply(answer)

    def close(self) -> None:
        """Stop listening; whoever waits gets `ChannelClosedError`."""
        self._exchange.close()

    def _receive(self) -> bytes:
        return self._exchange.recv(self._settings.recv_timeout)


def _ask(
    exchange: Exchange, question: bytes, send_timeout: float | None, receive: Callable[[], bytes]
) -> bytes:
    """Ask until something is answered that is not a handshake, that is, does not begin with h."""
    while True:
        _put(exchange, question, send_timeout, receive)
        answer = receive()
        if not is_handshake(answer):
            return answer


def _put(
    exchange: Exchange, question: bytes, send_timeout: float | None, receive: Callable[[], bytes]
) -> bool:
    """Send `question`; with nothing to reply to, take one message first and throw it away.

    Returns whether it could be sent straight away.
    """
    try:
        exchange.send(question, send_timeout)
    except ChannelStateError:
        receive()
        exchange.send(question, send_timeout)
        return False
    return True
