"""Looking at all plugins, once or again and again, without click and rich."""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from ...runtime.reach import socket_directory
from ...runtime.supervision.asking import statuses
from .plain import plain_text
from .texts import nobody, section

__all__ = ["EVERY", "looks", "print_plainly"]

EVERY = 1.0
"""Seconds from one look to the next."""

_CLEAR = "\x1b[H\x1b[J"


def looks(*, watch: bool) -> Iterator[list[dict[str, Any]]]:
    """What all plugins answer: once, or every second for ever."""
    yield statuses(socket_directory())
    while watch:
        time.sleep(EVERY)
        yield statuses(socket_directory())


def print_plainly(found: Iterator[list[dict[str, Any]]], *, as_json: bool) -> None:
    """Each look as text, or as one line of JSON."""
    clears = sys.stdout.isatty()
    again = False
    for each in found:
        if as_json:
            text = json.dumps(each, ensure_ascii=False)
        else:
            text = plain_text([section(status) for status in each]) or nobody(socket_directory())
            text = _CLEAR + text if again and clears else f"\n{text}" if again else text
        print(text, flush=True)
        again = True
