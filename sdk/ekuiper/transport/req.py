"""REQ: asks, one request at a time."""

import os
import time
from collections.abc import Callable

from ..errors import (
    ChannelClosedError,
    ChannelResetError,
    ChannelStateError,
    ChannelTimeoutError,
)
from . import Pace
from .ceded import Ceded
from .connection import Connection, until
from .dialling import Connect, Dialling
from .sp import REP, REQ, REQUEST_HEAD_SIZE, next_request_id, request_head

__all__ = ["Req"]


class Req(Dialling):
    """REQ: asks, one request at a time."""

    def __init__(self, url: str, connect: Connect) -> None:
        super().__init__(url, connect, (REQ, REP))
        self._id = int.from_bytes(os.urandom(4), "big")
        self._waiting = False
        self._reply: bytes | None = None
        self._finishing = self._retired = False

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Send a request; one under way is cancelled."""
        deadline = None if timeout is None else until(timeout)
        self._enter()
        try:
            self._ask(data, deadline)
        finally:
            self._leave()

    @property
    def waiting(self) -> bool:
        """Whether a request is under way, whose reply was not received."""
        return self._waiting

    def finish(self) -> None:
        """Receive no more, once nothing that was received waits for `send`; from any thread. Who
        is inside `recv` has to be woken until it leaves; then call `cede`."""
        with self._gate:
            self._check_open()
            self._watchers += 1  # nothing is freed until `cede`
        self._finishing = True

    def wake(self, interrupt: Callable[[], None]) -> None:
        """Have `interrupt` send a signal, at which nothing is done, to the thread that is inside
        `recv`, if one may be."""
        connection = self._connection
        if self._waiting and connection is not None:
            connection.hurry()
            interrupt()

    def cede(self) -> Ceded | None:
        """Close it, after `finish`, but let another process go on with its connection and with the
        request that is under way; None if that cannot be."""
        self.close()
        self._turn.acquire()
        try:
            connection, self._connection = self._connection, None
            if not self._retired or connection is None:
                return None
            connection.hurry(False)
            fd, rest = connection.cede()
            self._connections.clear()
            return Ceded(-1, [fd], [rest, self._id.to_bytes(4, "big")])
        finally:
            self._release()

    def resume(self, ceded: Ceded) -> None:
        """Go on with what another process ceded, instead of `open`."""
        self._continue(ceded)
        if self._connection is not None:
            self._id = int.from_bytes(ceded.unread[1], "big")
            self._waiting = True

    def _retire(self) -> None:
        """Be closed, without a sign to the peer."""
        with self._gate:
            if not self._closed:
                self._retired = self._closed = True
                self._bell.release()
                if self._beacon is not None:
                    self._beacon.shine(True)

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The reply to the request under way."""
        deadline = None if timeout is None else until(timeout)
        self._enter()
        try:
            return self._hear(deadline, spin)
        finally:
            self._leave()

    def converse(self, respond: Callable[[bytes], bytes], pace: Pace) -> None:
        """`recv`, and `send` what `respond` makes of it, until one of them raises.

        The turn is kept meanwhile, so what is called between two messages is as little as can be.
        """
        clock = time.perf_counter_ns
        self._enter()
        try:
            while True:
                spin = pace.window()
                try:
                    reply = self._hear(None, spin)
                finally:
                    if spin:
                        pace.release()
                came = clock()
                answer = respond(reply)
                sent = clock()
                self._ask(answer, None)
                pace.answered(came, sent)
                if self._closed:
                    raise self._closed_error()
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            if self._waiting and self._reply is None:
                self._await_reply(0.0)
        except ChannelTimeoutError:
            return False
        except ChannelClosedError:
            pass
        finally:
            self._leave()
        return True

    def _ask(self, data: bytes, deadline: float | None) -> None:
        self._waiting = False
        self._reply = None
        connection = self._connection or self._dial(deadline)
        self._id = request_id = next_request_id(self._id)
        head = request_head(request_id, len(data))
        if not self._write(connection, head, data, deadline):
            raise self._reset()
        self._waiting = True
        if self._finishing:
            self._retire()

    def _hear(self, deadline: float | None, spin: int) -> bytes:
        if not self._waiting:
            raise ChannelStateError(f"{self.url}: recv without a request under way")
        connection = self._connection
        if self._reply is None and connection is not None:
            try:
                data = connection.read(deadline, spin=spin)
            except ChannelTimeoutError:
                raise self._late() from None
            size = len(data) - REQUEST_HEAD_SIZE
            if connection.decoder.between and data.startswith(request_head(self._id, max(size, 0))):
                self._waiting = False
                return data[REQUEST_HEAD_SIZE:]  # it, and no more: so it is nearly always
            self._take(connection, data)
            self._await_reply(deadline)
        reply = self._reply
        self._waiting = False
        self._reply = None
        if reply is None:
            raise self._reset()
        return reply

    def _await_reply(self, deadline: float | None) -> None:
        """Read until the reply is there, or the connection lost."""
        while self._reply is None and self._connection is not None:
            try:
                data = self._connection.read(deadline)
            except ChannelTimeoutError:
                raise self._late() from None
            self._take(self._connection, data)

    def _late(self) -> ChannelTimeoutError:
        """Nothing came in time, or before `finish`."""
        if self._finishing:
            self._retire()
            self._check_open()
        return ChannelTimeoutError(f"{self.url}: no reply in time")

    def _holds_message(self) -> bool:
        return self._waiting and (self._reply is not None or self._connection is None)

    def _take(self, connection: Connection, data: bytes) -> None:
        """Look for the reply in what was read; replies to cancelled requests are dropped."""
        decoder = connection.decoder
        request_id = self._id.to_bytes(4, "big")
        for frame in decoder.feed(data):
            if self._reply is None and frame.startswith(request_id):
                self._reply = frame[4:]
        if not data or decoder.fault:
            self._lose(connection)
            self._check_open()

    def _reset(self) -> ChannelResetError:
        return ChannelResetError(
            f"{self.url}: the connection was lost and the request with it; send again to dial anew"
        )
