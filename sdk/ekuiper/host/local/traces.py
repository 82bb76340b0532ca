"""Where a traceback begins and ends, among the lines of a log."""

import re

__all__ = ["CRASH", "Trace", "begins"]

CRASH = "Fatal Python error:"
"""How it begins if a signal ended the interpreter."""

_HEADS = (
    "Traceback (most recent call last):",
    "  + Exception Group Traceback (most recent call last):",
    "Stack (most recent call last):",
    CRASH,
)
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_DUMPED = re.compile(
    r"(Current thread|Thread) 0x|Extension modules:|Python runtime state:|Current thread's C stack"
)


def begins(line: str) -> bool:
    """Whether a traceback, or what the interpreter writes when it crashes, begins here."""
    return line.startswith(_HEADS)


class Trace:
    """Follows one, from its first line on."""

    def __init__(self, line: str) -> None:
        self._dump = line.startswith(CRASH)
        self._ends = line.startswith("Stack")  # has no line with an exception
        self.unfinished = not self._dump
        """Whether more is sure to come."""

    def takes(self, line: str) -> bool:
        """Whether this line goes on with it."""
        if not line.strip():
            return True
        if line.startswith((" ", "\t")):
            return True
        if self._dump:
            return _DUMPED.match(line) is not None
        if line.startswith((*_CHAINED, *_HEADS)):
            self.unfinished = True
            return True
        if self.unfinished and not self._ends:
            self.unfinished = False  # the exception itself
            return True
        return False
