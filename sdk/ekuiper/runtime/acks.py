"""Acknowledging a sink's rows: one ack for each, in the order the rows came."""

import logging
import threading
import time
from collections import deque

from ..errors import ChannelClosedError, ConnectError
from ..protocol.codec import encode_ack
from ..protocol.messages import Ack
from ..transport import Outbox, Transport
from ..transport.keeper import Keeper

__all__ = ["Acks"]

DIAL_TIMEOUT = 2.0
"""Seconds to dial the ack socket, which hosts from 1.14 on open before they start a sink."""

DIAL_PAUSE = 0.02

_log = logging.getLogger(__name__)


class Acks:
    """What a sink still owes the host, and the channel to pay on.

    The host matches acks to rows by their order alone, so one that is decided early waits for those
    before it. The channel is dialled when first needed. Any thread may use it.
    """

    def __init__(self, transport: Transport, url: str, keeper: Keeper | None = None) -> None:
        self._transport = transport
        self._url = url
        self.keeper = keeper
        self._lock = threading.Lock()
        self._owed: deque[Ack | None] = deque()  # the oldest first; None: not decided yet
        self._outbox: Outbox | None = None
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing is paid any more."""
        return self._ended.is_set()

    def received(self) -> None:
        """A row came."""
        with self._lock:
            self._owed.append(None)

    def inherit(self, decided: list[Ack]) -> None:
        """Pay what a worker before owed, before any row comes."""
        with self._lock:
            self._owed.extend(decided)
            self._pay()

    def decide(self, ack: Ack) -> bool:
        """Settle the oldest row not decided yet; False when there is none."""
        with self._lock:
            for position, decided in enumerate(self._owed):
                if decided is None:
                    self._owed[position] = ack
                    self._pay()
                    return True
            return False

    def decide_newest(self, ack: Ack) -> None:
        """Settle the row that came last, unless that was done."""
        with self._lock:
            if self._owed and self._owed[-1] is None:
                self._owed[-1] = ack
                self._pay()

    def close(self) -> None:
        """End it: what is owed stays so. From any thread, while another one sends too."""
        self._ended.set()
        outbox = self._outbox
        if outbox is not None:
            outbox.close()

    def _pay(self) -> None:
        while self._owed and (ack := self._owed[0]) is not None:
            self._owed.popleft()
            self._send(encode_ack(ack))

    def _send(self, frame: bytes) -> None:
        if self._ended.is_set():
            return
        try:
            if self._outbox is None:
                self._outbox = self._dial()
                if self._ended.is_set():  # closed while dialling
                    self._outbox.close()
            self._outbox.send(frame)
        except ChannelClosedError:
            self._ended.set()
        except ConnectError as error:
            if self._ended.is_set():
                return  # the host closed its end first, as it does
            self._ended.set()
            _log.warning("acknowledges no rows: %s; hosts before 1.14 wait for none", error)

    def _dial(self) -> Outbox:
        """Connect, in short attempts: `close` must not wait for a host that has gone."""
        deadline = time.monotonic() + DIAL_TIMEOUT
        while True:
            try:
                return self._transport.push(self._url, keeper=self.keeper)
            except ConnectError:
                if time.monotonic() >= deadline or self._ended.wait(DIAL_PAUSE):
                    raise
