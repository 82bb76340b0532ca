"""Looking at all plugins, once or again and again, without click and rich."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...runtime.reach import socket_directory
from ...runtime.supervision.asking import statuses
from ..shared.jsontext import json_line
from .plain import plain_text
from .texts import nobody, section, unknown

__all__ = ["EVERY", "Look", "looks", "print_plainly"]

EVERY = 1.0
"""Seconds from one look to the next."""

_CLEAR = "\x1b[H\x1b[J"


class Look(NamedTuple):
    """What plugins answered, and a line for each name that none has."""

    found: list[dict[str, Any]]
    missing: list[str]

    @property
    def notes(self) -> list[str]:
        """What is to be said beside what was found."""
        return self.missing or ([] if self.found else [nobody(socket_directory())])


def looks(names: Sequence[str], *, watch: bool) -> Iterator[Look]:
    """What the plugins of these names answer, or all: once, or every second for ever."""
    yield _look(names)
    while watch:
        time.sleep(EVERY)
        yield _look(names)


def print_plainly(looks: Iterator[Look], *, as_json: bool) -> int:
    """Each look as text, or as one line of JSON; the exit status."""
    clears = sys.stdout.isatty()
    again = missing = False
    for look in looks:
        missing = bool(look.missing)
        if as_json:
            text = json_line(look.found)
        else:
            plain = plain_text([section(status) for status in look.found])
            text = "\n\n".join(filter(None, (plain, "\n".join(look.notes))))
            text = _CLEAR + text if again and clears else f"\n{text}" if again else text
        print(text, flush=True)
        if as_json and missing and not again:
            print("\n".join(look.missing), file=sys.stderr)
        again = True
    return int(missing)


def _look(names: Sequence[str]) -> Look:
    found = statuses(socket_directory())
    known = {status["plugin"] for status in found}
    missing = [f"{name}: {unknown(known)}" for name in names if name not in known]
    return Look([each for each in found if not names or each["plugin"] in names], missing)
