"""Makes the environment that a worker runs in, then becomes that worker.

This is a process of its own below the supervisor, which takes it for the worker: however long the
making takes, the host has its handshake, and its starts are held as during imports. No network is
used, nor pip: the wheels are unpacked.
"""

import os
import sys

from ..carried import ENVIRONMENT, LOCK, Carried
from ..supervision.report import Report

__all__ = ["STAMP", "become_worker", "builder", "furnish", "move_in"]

STAMP = "ekuiper.stamp"
_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


def builder(name: str, carried: Carried) -> list[str]:
    """The beginning of a command line; that of the worker comes after it."""
    code = (
        f"import sys; sys.path.insert(0, {_PARENT!r}); "
        "from ekuiper.runtime.environment.building import become_worker; become_worker()"
    )
    return [sys.executable, "-I", "-S", "-c", code, name, carried.wheels, carried.library]


def become_worker() -> None:
    """What `builder` runs."""
    name, wheels, library, *command = sys.argv[1:]
    if not _is_made(wheels):
        _make_as_worker(name, wheels, library, command)
    os.execv(command[0], command)


def move_in(name: str, carried: Carried, launcher: str) -> None:
    """Run the file `launcher` in the environment instead of here; returns if that is where it is
    run. Ends the process where the environment cannot be made."""
    environment = os.path.dirname(os.path.dirname(carried.interpreter))
    if os.path.realpath(environment) == os.path.realpath(sys.prefix):
        return
    try:
        furnish(name, carried.wheels, carried.library)
    except Exception as error:
        Report(name)("CRITICAL", f"the environment cannot be made: {error}")
        sys.exit(1)
    os.execv(carried.interpreter, [carried.interpreter, launcher, *sys.argv[1:]])


def furnish(name: str, wheels: str, library: str) -> None:
    """Make the environment beside the folder `wheels`, unless it is there: of these wheels, for
    this interpreter. Raises `PackError` or `OSError` where it cannot be made."""
    if _is_made(wheels):
        return
    from .furnishing import alone, make

    with alone(wheels):
        if not _is_made(wheels):
            make(wheels, library, _identity(wheels), Report(name))


def _is_made(wheels: str) -> bool:
    try:
        with open(os.path.join(_environment(wheels), STAMP), encoding="utf-8") as file:
            return file.read() == _identity(wheels)
    except OSError:
        return False


def _environment(wheels: str) -> str:
    return os.path.join(os.path.dirname(wheels), ENVIRONMENT)


def _identity(wheels: str) -> str:
    """What an environment is made of: if any of it changes, another is made."""
    with open(os.path.join(wheels, LOCK), encoding="utf-8") as file:
        lock = file.read()
    return f"{sys.version}\n{os.path.realpath(sys.executable)}\n{wheels}\n{lock}"


def _make_as_worker(name: str, wheels: str, library: str, command: list[str]) -> None:
    """Die with the supervisor meanwhile, and tell it what goes wrong."""
    from ..supervision.spawning import hold_to_lifeline

    at = command.index("--worker") + 1
    link, lifeline = int(command[at]), int(command[at + 1])
    hold_to_lifeline(lifeline)
    try:
        furnish(name, wheels, library)
    except Exception as error:
        _fail(name, link, f"the environment cannot be made: {error}")


def _fail(name: str, fd: int, reason: str) -> None:
    from ..supervision.link import FAILED, HELLO, VERSION, inherited

    Report(name)("ERROR", reason)
    link = inherited(fd)
    link.send(HELLO, VERSION)
    link.send(FAILED, 0, reason.encode("utf-8", "replace"))
    sys.exit(1)
