"""Whole lines in a plugin's log, for supervisor and worker alike; loads next to nothing."""

import faulthandler
import sys

__all__ = ["prepare_streams", "printable"]


def prepare_streams() -> None:
    """One write per printed line: with `python -u` a print is several, and lines get mixed."""
    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, write_through=False)


def printable(text: str) -> str:
    """The text with line breaks and other control characters escaped, so that a log line stays
    one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
