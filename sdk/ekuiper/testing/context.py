"""A context for tests that call an author's class directly, without any host."""

import logging
from typing import Any

from ..context import Context
from ..errors import ChannelClosedError, PluginError
from ..protocol.codec import decode_source, encode_row
from ..protocol.messages import Row

__all__ = ["RecordingContext"]


class RecordingContext(Context):
    """Keeps what a source, sink or function tells its host. Callable from any thread.

        ctx = RecordingContext(stop_after=2)
        with pytest.raises(ChannelClosedError):
            Counter().open(ctx)
        assert ctx.rows == [{"count": 0}, {"count": 1}]

    With `stop_after` the source is stopped when it emitted that many rows: that `emit`, and every
    one after it, raises `ChannelClosedError`, as it does for a rule that stops.
    """

    def __init__(
        self,
        rule: str = "rule1",
        op: str = "op",
        instance: int = 0,
        *,
        stop_after: int | None = None,
    ) -> None:
        self.rows: list[dict[str, Any]] = []
        """The messages emitted, as eKuiper would decode them: a tuple is a list, a time a text."""
        self.metas: list[dict[str, Any] | None] = []
        """The meta of each of `rows`."""
        self.errors: list[str] = []
        """What `emit_error` was given, and why rows could not be sent."""
        self.acks: list[str | None] = []
        """One for each `ack_ok` (None) and `ack_error` (its text)."""
        self._place = rule, op, instance
        self._stop_after = stop_after
        self._stopped = False
        self._logger = logging.getLogger("ekuiper.testing.plugin")

    def stop(self) -> None:
        """From now on `emit` and `emit_error` raise `ChannelClosedError`."""
        self._stopped = True

    def get_rule_id(self) -> str:
        return self._place[0]

    def get_op_id(self) -> str:
        return self._place[1]

    def get_instance_id(self) -> int:
        return self._place[2]

    def get_logger(self) -> logging.Logger:
        return self._logger

    def emit(self, message: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        self._check_running()
        try:
            row = decode_source(encode_row(Row(message, meta)))
        except PluginError as error:
            self.errors.append(f"row dropped: {error}")
            return
        assert isinstance(row, Row)
        self.metas.append(row.meta)
        self.rows.append(row.message)
        if self._stop_after is not None and len(self.rows) >= self._stop_after:
            self.stop()
            self._check_running()

    def emit_error(self, error: str) -> None:
        self._check_running()
        self.errors.append(str(error))

    def ack_ok(self) -> None:
        self.acks.append(None)

    def ack_error(self, error: str) -> None:
        self.acks.append(str(error))

    def _check_running(self) -> None:
        if self._stopped:
            raise ChannelClosedError("the source was stopped")
