"""The data channels of sources and sinks."""

import time
from collections.abc import Mapping
from typing import Any

from ...errors import ChannelTimeoutError, HostError, MalformedMessageError
from ...protocol.addresses import Addresses
from ...protocol.codec import decode_ack, decode_source
from ...protocol.messages import Ack, Meta, Row, SourceError
from ...transport import Inbox, Outbox, Transport
from .settings import Settings

__all__ = ["SinkLink", "SourceLink", "requires_ack"]


class SourceLink:
    """Rows from a source. Owns `inbox`, which listens before the source is started."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.malformed = 0
        """How many messages were no row and no error; they are skipped."""

    def recv(self, timeout: float | None = None) -> Row | SourceError:
        """The next row or error. Raises `ChannelTimeoutError`; `ChannelClosedError` once closed."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            frame = self._inbox.recv(left)
            try:
                return decode_source(frame)
            except MalformedMessageError:
                self.malformed += 1

    def close(self) -> None:
        """Stop listening; a waiting `recv` gets `ChannelClosedError`."""
        self._inbox.close()


class SinkLink:
    """Rows to a sink, and its acks if the action requires them.

    Made, it listens for acks; `connect` dials the sink after its start was answered.
    """

    def __init__(
        self,
        transport: Transport,
        addresses: Addresses,
        meta: Meta,
        settings: Settings,
        *,
        wait: bool,
    ) -> None:
        self._transport = transport
        self._url = addresses.data(meta)
        self._settings = settings
        self._wait = wait and settings.ack
        self._acks: Inbox | None = transport.pull(addresses.ack(meta)) if settings.ack else None
        self._data: Outbox | None = None

    def connect(self) -> None:
        """Dial the sink, once. Raises `ConnectError`."""
        self._data = self._transport.push(self._url)

    def send(self, data: bytes) -> None:
        """Hand over one message and, where required, wait for its ack. Raises `HostError`."""
        self.post(data)
        if self._wait:
            error = self.ack(self._settings.ack_timeout).error
            if error is not None:
                raise HostError(error)

    def post(self, data: bytes) -> None:
        """Hand over one message and wait for no ack. Raises `HostError`."""
        if self._data is None:
            raise HostError("the sink was not started")
        try:
            self._data.send(data, self._settings.send_timeout)
        except ChannelTimeoutError as error:
            raise HostError("send time out") from error

    def ack(self, timeout: float | None = None) -> Ack:
        """The next ack, in the order of the messages. Raises `HostError` if none comes in time, or
        what came is no ack."""
        if self._acks is None:
            raise HostError("eKuiper before 1.14 has no acks")
        try:
            return decode_ack(self._acks.recv(timeout))
        except ChannelTimeoutError as error:
            raise HostError(f"ack error: no ack in {timeout:g} s") from error
        except MalformedMessageError as error:
            raise HostError(f"ack error: {error}") from error

    def close(self) -> None:
        """Close the data channel, then the ack channel."""
        if self._data is not None:
            self._data.close()
        if self._acks is not None:
            self._acks.close()


def requires_ack(config: Mapping[str, Any]) -> bool:
    """Whether an action's properties say `requireAck`, in any case. Raises `HostError` if the
    value is no truth value."""
    for key, value in config.items():
        if key.lower() == "requireack":
            if not isinstance(value, bool):
                raise HostError(f"requireAck must be true or false, not {value!r}")
            return value
    return False
