"""The machine as host and plugin find it: how many cores, and how busy they are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from .quota import quota
from .unavailable import UnavailableError

__all__ = ["SETTINGS", "Setting", "applied"]

_LONGEST = 900.0  # seconds that a burner burns if nobody ends it

# Ends with the bench, too, if that is killed.
_BURN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.sched_setaffinity(0, {int(sys.argv[1])})
parent, end = int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
while os.getppid() == parent and time.monotonic() < end:
    for _ in range(100_000): pass
"""


class Setting(NamedTuple):
    """`cores` for host and plugin together; with `busy`, something else computes on the last; with
    a `quota`, all get so many seconds of CPU a second."""

    key: str
    label: str
    cores: int
    busy: bool = False
    quota: float = 0.0


SETTINGS = {
    setting.key: setting
    for setting in (
        Setting("idle", "two idle cores", 2),
        Setting("one", "one core for all", 1),
        Setting("busy", "two cores, one busy", 2, busy=True),
        Setting("quota", "two cores, a quota of one", 2, quota=1.0),
    )
}


@contextmanager
def applied(setting: Setting) -> Iterator[None]:
    """Within, what this thread does and starts is in that setting.

    Raises `UnavailableError` on a machine that cannot have it.
    """
    whole = os.sched_getaffinity(0)
    if len(whole) < setting.cores:
        raise UnavailableError(f"needs {setting.cores} cores, and this machine gives {len(whole)}")
    cores = sorted(whole)[: setting.cores]
    with ExitStack() as stack:
        os.sched_setaffinity(0, cores)
        stack.callback(os.sched_setaffinity, 0, whole)
        if setting.busy:
            burner = _burn(cores[-1])
            stack.callback(burner.wait)
            stack.callback(burner.kill)
        if setting.quota:
            stack.enter_context(quota(setting.quota))
        yield


def _burn(core: int) -> "subprocess.Popen[bytes]":
    arguments = (str(core), str(os.getpid()), str(_LONGEST))
    return subprocess.Popen([sys.executable, "-c", _BURN, *arguments])
