"""A conversation, by `recv` and `send`."""

import time
from collections.abc import Callable

from . import Exchange, Pace

__all__ = ["converse"]


def converse(exchange: Exchange, respond: Callable[[bytes], bytes], pace: Pace) -> None:
    """What `Request.converse` does, for those who have no quicker way."""
    clock = time.perf_counter_ns
    while True:
        spin = pace.window()
        try:
            data = exchange.recv(spin=spin)
        finally:
            if spin:
                pace.release()
        came = clock()
        answer = respond(data)
        sent = clock()
        exchange.send(answer)
        pace.answered(came, sent)
