"""The contexts that author code is given."""

import logging
import threading
import time

from ..context import Context
from ..errors import (
    ChannelClosedError,
    ChannelResetError,
    EkuiperError,
    PluginError,
    SymbolError,
)
from ..protocol.codec import encode_row, encode_source_error
from ..protocol.messages import Ack, CallContext, Meta, SourceError
from ..transport import Outbox
from ..typed import Any
from .acks import Acks
from .author import Reporter, caller
from .lines import printable
from .logs import ContextLogger

__all__ = ["Context", "FunctionContext", "SinkContext", "SourceContext", "place_of"]


def place_of(meta: Meta | CallContext) -> str:
    """`rule/op/instance`, as log records show it."""
    return printable(f"{meta.rule_id}/{meta.op_id}/{meta.instance_id}")


class _PlacedContext(Context):
    """A context that knows its place; what its symbol has no use for raises `SymbolError`."""

    def __init__(self, symbol: str, meta: Meta | CallContext) -> None:
        self._symbol = symbol
        self._meta = meta
        self._logger = ContextLogger(symbol, place_of(meta))

    def get_rule_id(self) -> str:
        return self._meta.rule_id

    def get_op_id(self) -> str:
        return self._meta.op_id

    def get_instance_id(self) -> int:
        return self._meta.instance_id

    def get_logger(self) -> logging.Logger:
        return self._logger

    def emit(self, message: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        raise self._only("emit", "a source")

    def emit_error(self, error: str) -> None:
        raise self._only("emit_error", "a source")

    def ack_ok(self) -> None:
        raise self._only("ack_ok", "a sink")

    def ack_error(self, error: str) -> None:
        raise self._only("ack_error", "a sink")

    def _only(self, method: str, kind: str) -> SymbolError:
        return SymbolError(self._symbol, f"ctx.{method} is for {kind} only")


class FunctionContext(_PlacedContext):
    """Where a function is called from."""


class SourceContext(_PlacedContext):
    """Sends a source's rows; see `ekuiper.Context` for the contract of each method."""

    def __init__(self, symbol: str, meta: Meta, outbox: Outbox) -> None:
        super().__init__(symbol, meta)
        self.rows = 0
        self.errors = 0
        self._outbox = outbox
        self._reporter = Reporter(symbol, self._logger)
        self._told_closed: set[int] = set()  # which threads were

    def emit(self, message: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        try:
            self._outbox.send(encode_row((message, meta)))
            self.rows += 1
        except (PluginError, ChannelResetError) as error:
            self._drop("row", error)
        except ChannelClosedError:
            self._slow_down()
            raise

    def emit_error(self, error: str) -> None:
        try:
            self._outbox.send(encode_source_error(SourceError(str(error))))
            self.errors += 1
        except ChannelResetError as reset:
            self._drop("error", reset)
        except ChannelClosedError:
            self._slow_down()
            raise

    def _drop(self, what: str, error: EkuiperError) -> None:
        where = caller()
        text = f"{what} dropped: {error} (emitted at {where})"
        self._reporter.wrong(text, key=where)
        self.emit_error(f"{self._symbol}: {text}")

    def _slow_down(self) -> None:
        """A loop that swallows a closed channel must not burn a core for as long as the process
        lives."""
        thread = threading.get_ident()
        if thread in self._told_closed:
            time.sleep(1.0)
        self._told_closed.add(thread)


class SinkContext(_PlacedContext):
    """Acknowledges a sink's rows; `acks` is None unless the action has `requireAck`: the host would
    not read them, and its buffer would fill."""

    def __init__(self, symbol: str, meta: Meta, acks: Acks | None) -> None:
        super().__init__(symbol, meta)
        self._acks = acks
        self._warned = False

    def ack_ok(self) -> None:
        self._decide(Ack(None))

    def ack_error(self, error: str) -> None:
        self._decide(Ack(str(error)))

    def _decide(self, ack: Ack) -> None:
        if self._acks is None:
            return
        ended = self._acks.ended
        taken = self._acks.decide(ack)
        if self._warned or (taken and not ended):
            return
        self._warned = True
        self._logger.warning(
            "%s acknowledged %s; ignored, now and from now on",
            self._symbol,
            "a row after its end" if ended else "more rows than came",
        )
