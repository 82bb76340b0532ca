"""What goes into a sink under test."""

import json
from types import TracebackType
from typing import Any, Literal

from ..host.embedded import SinkHandle

__all__ = ["Feed"]


class Feed:
    """Sends messages to a running sink, in place of a rule; for one thread."""

    def __init__(self, handle: SinkHandle) -> None:
        self._handle = handle

    def send(self, message: Any) -> None:
        """Send one message, and return when `collect` did (and, in a sink with `ack = "manual"`,
        the author's code acknowledged it).

        Bytes and text go as they are, anything else as JSON: by default eKuiper sends a list of
        rows, with `sendSingle` one row. Raises `HostError` with what `collect` raised, and if
        nothing came back in time. With `requireAck: false` it waits for nothing.
        """
        self._handle.send(_encode(message))

    def post(self, message: Any) -> None:
        """Send one message and wait for nothing; its ack can be had from `ack`."""
        self._handle.post(_encode(message))

    def ack(self, timeout: float = 5.0) -> str | None:
        """The ack of the oldest message that was posted: None if the sink took it, else its error.

        Raises `HostError` if none comes within `timeout` seconds.
        """
        return self._handle.ack(timeout).error

    def stop(self) -> None:
        """Stop the sink and wait for its `close`. A second call does nothing."""
        self._handle.stop()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.stop()
        return False


def _encode(message: Any) -> bytes:
    if isinstance(message, (bytes, bytearray, memoryview)):
        return bytes(message)
    if isinstance(message, str):
        return message.encode()
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
