"""How the process of a plain script, which called `plugin.start`, becomes a supervisor."""

import logging
import os
import signal
import sys

from ...config import PluginConfig
from ..launcher import command_line, interpreter_options

__all__ = ["become_supervisor", "why_alone"]

_log = logging.getLogger(__name__)


def why_alone(config: PluginConfig) -> str | None:
    """Why this process has to serve the host by itself, without a supervisor; None if it need
    not."""
    if os.environ.get("EKUIPER_SUPERVISE") == "0":
        return "EKUIPER_SUPERVISE=0"
    if not config.supervised:
        return "PluginConfig(supervised=False)"
    if sys.platform != "linux":
        return f"a supervisor needs Linux, and this is {sys.platform}"
    if getattr(sys, "frozen", False) or not sys.executable:
        return "the program is frozen, so no interpreter can run it again"
    return _why_not_again() or _why_not_replaced()


def _why_not_again() -> str | None:
    """Why the script cannot be run a second time."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file:
        return "it is no script, but run by -c or interactively"
    if getattr(sys.modules["__main__"], "__spec__", None) is not None:
        return "it was started by -m, or is a zip file or a folder"
    _, started = interpreter_options(sys.orig_argv)
    if not started or os.path.basename(started[0]) != os.path.basename(file):
        return "another program runs the script"
    return None


def _why_not_replaced() -> str | None:
    """Why this process must stay what it is."""
    if sys.gettrace() is not None or sys.getprofile() is not None or "pydevd" in sys.modules:
        return "a debugger, profiler or coverage is at work"
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and any(monitoring.get_tool(number) for number in range(6)):
        return "a debugger, profiler or coverage is at work"
    if _children():
        return "the script has started processes already"
    return None


def _children() -> str:
    found = ""
    try:
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/children") as file:
                found += file.read()
    except OSError:
        pass  # a kernel that does not tell
    return found


def become_supervisor(name: str, directory: str | None) -> None:
    """Replace this process by a supervisor whose worker runs the script again; never returns.

    `directory` is where this process was started: author code may have gone elsewhere since.
    """
    _log.info(
        "the script is run a second time, below a process that starts it again if it dies; "
        "with a launcher it would run once"
    )
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    options, started = interpreter_options(sys.orig_argv)
    script = sys.modules["__main__"].__file__ or started[0]
    command = command_line(sys.executable, options, name, script)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # author code may have put anything there
    if directory is not None:
        os.chdir(directory)
    os.execve(sys.executable, [*command, *started[1:]], _initial_environment())


def _initial_environment() -> dict[bytes, bytes]:
    try:
        with open("/proc/self/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return dict(os.environb)
    return {name: value for name, _, value in (each.partition(b"=") for each in entries) if name}
