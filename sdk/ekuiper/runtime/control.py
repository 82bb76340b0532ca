"""The control channel: the host's commands, one after the other, each answered once."""

import logging

from ..errors import ChannelResetError, ConnectError
from ..protocol.messages import HANDSHAKE
from ..transport import Exchange
from .hostwatch import HostWatch
from .symbols import Symbols

__all__ = ["serve"]

REDIAL = 1.0
"""Seconds of trying after which a lost host is looked for again."""

_log = logging.getLogger(__name__)


def serve(exchange: Exchange, symbols: Symbols, host: HostWatch) -> None:
    """Dial the declared functions, shake hands, and answer commands until the host is gone.

    Never times out and sends nothing unasked: the host reads this channel only when it has a
    command, and hosts up to 2.1.2 take an extra message for an answer. A lost connection is dialled
    again for as long as the host lives. Raises `ChannelClosedError` when the channel is closed
    meanwhile.
    """
    symbols.activate()
    exchange.send(HANDSHAKE)
    while True:
        try:
            while host.wait(exchange):
                exchange.send(symbols.answer(exchange.recv()))
                symbols.answered()
        except ChannelResetError:
            _log.warning("the control channel was cut")
        if not _reconnect(exchange, host):
            return


def _reconnect(exchange: Exchange, host: HostWatch) -> bool:
    """Dial and shake hands again; False when the host is gone."""
    while host.alive():
        try:
            exchange.send(HANDSHAKE, timeout=REDIAL)
        except (ConnectError, ChannelResetError):
            continue
        return True
    return False
