"""The supervisor's log: lines like those of `logging`, without its cost."""

import os
import time
from collections.abc import Sequence

from ..lines import printable

__all__ = ["Report", "how_it_ended"]

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


class Report:
    """Writes to stderr, one line at once, what `EKUIPER_LOG` lets pass."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self._printable = printable(plugin)
        wanted = os.environ.get("EKUIPER_LOG", "").upper()
        self._least = _LEVELS.get(wanted, _LEVELS["INFO"])

    def __call__(self, level: str, text: str, more: Sequence[str] = ()) -> None:
        """Write the text, and `more` lines below it."""
        if _LEVELS[level] < self._least:
            return
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        line = (
            f"{clock},{int(now % 1 * 1000):03d} {level:<7} {self._printable} "
            f"{printable(text)} (supervisor)\n"
        ) + "".join(f"  {printable(each)}\n" for each in more)
        try:
            os.write(2, line.encode("utf-8", "replace"))
        except OSError:
            pass  # whoever read it has gone


def how_it_ended(status: int) -> str:
    """The exit status of `os.waitpid` in words, like "by SIGSEGV"."""
    import signal  # its import takes longer than all of the handshake

    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
