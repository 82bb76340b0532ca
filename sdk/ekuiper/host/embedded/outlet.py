"""Rows to a sink, in the messages that an action's properties ask for."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import EkuiperError
from ...protocol.gojson import go_json
from .host import Host
from .streams import requires_ack

__all__ = ["Outlet"]

_SETTLE = 10.0  # seconds that a sink may take at the end for the messages it was given


class Outlet:
    """A sink as the last node of a rule: a JSON array of rows per message, or with `sendSingle`
    one row per message, as eKuiper writes them.

    A host hears of a sink's failures only by acks, and rows under way are lost when it stops. With
    `confirm` the sink is therefore asked to acknowledge (`requireAck`), and acks are read while
    rows go on; `fault` is told the text of those that are errors, on a thread of the outlet's own.
    Where the config has `requireAck` itself, each message waits for its ack, as in a rule.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        rule: str,
        action: int,
        config: Mapping[str, Any],
        confirm: bool,
        fault: Callable[[str], None],
    ) -> None:
        folded = {key.lower(): value for key, value in config.items()}
        self._single = folded.get("sendsingle") is True
        self._confirm = confirm and host.settings.ack and not requires_ack(config)
        asked = {"requireAck": True} if self._confirm else {}
        self._sink = host.sink(name, rule=rule, action=action, config={**config, **asked})
        self._fault = fault
        self._host = host
        self._generation = host.generation
        self._changed = threading.Condition()
        self.name = name
        self.sent = 0
        """Messages handed over."""
        self.acknowledged = 0
        """Acks read; stays 0 where they are not asked for, or the plugin never gives one."""
        self._reader = threading.Thread(
            target=self._read_acks, name=f"ekuiper-host-{rule}-{name}-acks", daemon=True
        )
        if self._confirm:
            self._reader.start()

    def send(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Hand over rows. Raises `HostError` when the sink did not take them, and
        `UnsupportedValueError` for a value without a JSON form."""
        for message in rows if self._single else (list(rows),):
            self.hand_over(go_json(message, sort=True).encode())

    def hand_over(self, data: bytes) -> None:
        """Hand over one message as it is. Raises `HostError` when the sink did not take it."""
        self._forgive()
        self._sink.post(data) if self._confirm else self._sink.send(data)
        self.sent += 1

    def settle(self) -> None:
        """Wait until every message is acknowledged, ten seconds at most; those that are missing
        then are a fault."""
        self._forgive()
        deadline = time.monotonic() + _SETTLE
        with self._changed:
            while self._confirm and self.acknowledged < self.sent:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            missing = max(0, self.sent - self.acknowledged)  # an ack may be forgiven, and come
        if self._confirm and missing:
            self._fault(
                f"{missing} of {self.sent} messages not acknowledged {_SETTLE:g} s after the last"
            )

    def stop(self, timeout: float) -> None:
        """Stop the sink. Raises `HostError` if the plugin does not agree in time."""
        try:
            self._sink.stop(timeout)
        finally:
            if self._confirm:
                self._reader.join(timeout)  # its channel is closed

    def _forgive(self) -> None:
        """What a plugin that is gone was sent will not be acknowledged any more."""
        if self._generation != self._host.generation:
            self._generation = self._host.generation
            with self._changed:
                self.acknowledged = self.sent

    def _read_acks(self) -> None:
        try:
            while True:
                error = self._sink.ack().error
                if error is not None:
                    self._fault(error)
                with self._changed:
                    self.acknowledged += 1
                    self._changed.notify_all()
        except EkuiperError:
            pass  # the sink was stopped, or what came is no ack: none can be told apart any more
