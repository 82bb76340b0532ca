"""How a process becomes a supervisor before any author code, and how its worker runs the script.

The process runs `bootstrap()` by `python -c`, or a launcher file with the `text` below. The
supervisor never comes back from `enter`; in each worker `enter` returns the script, which is then
run at top level, as `__main__`, just as `python script.py` would run it.
"""

import faulthandler
import gc
import os
import sys

from ..errors import EkuiperError
from ..protocol.addresses import Addresses
from ..protocol.messages import HANDSHAKE
from ..transport.req import Req
from ..transport.unix import connect, path_of
from ..typed import TYPE_CHECKING, Any
from .carried import Carried
from .reach import has_host_argument, reach, socket_directory
from .signals import signal
from .supervision.report import Report

if TYPE_CHECKING:
    from types import FrameType

    from .supervision.script import Script

__all__ = ["RUN", "bootstrap", "command_line", "enter", "interpreter_options", "text"]

RUN = """\
try:
    exec(script.code(), script.namespace)
except BaseException as error:
    script.failed(error)
else:
    script.ended()
"""
"""What is done with a `script` that `enter` returned."""

_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_TAKE_ONE = ("-X", "-W", "--check-hash-based-pycs")


def text(name: str, script: str, **options: Any) -> str:
    """The launcher of the plugin `name`: a file to be run instead of `script`, in its folder.

    `options` are those of `enter`.
    """
    given = "".join(f", {key}={value!a}" for key, value in options.items() if value)
    return (
        "from ekuiper.runtime.launcher import enter\n\n"
        f"script = enter({name!a}, {script!a}, __file__{given})\n{RUN}"
    )


def bootstrap(carried: Carried | None = None) -> str:
    """What `python -c` runs, with `command_line` after it. This very package is found first: a
    host's image may hold another of its name."""
    given = tuple(carried or ())
    return (
        f"import sys\nsys.path.insert(0, {_PARENT!r})\n"
        "from ekuiper.runtime.launcher import enter_by_command_line\n"
        f"del sys.path[0]\nscript = enter_by_command_line(*{given!r})\n{RUN}"
    )


def command_line(
    executable: str, options: list[str], name: str, script: str, carried: Carried | None = None
) -> list[str]:
    """The command of a supervisor for `script`; the script's arguments come after it."""
    return [executable, *options, "-c", bootstrap(carried), name, script]


def enter_by_command_line(*given: Any) -> "Script":
    """`enter`, as `command_line` says; with the fields of a `Carried`."""
    carried = Carried(*given)
    arguments = sys.argv[1:]
    if arguments[0] == "--worker":
        from .supervision.script import Script
        from .supervision.spawning import adopt

        *fds, name, script = arguments[1:6]
        link, marks = adopt(*map(int, fds))
        return Script(script, arguments[6:], link, name, marks, carried)
    name, script, *rest = arguments
    return _enter(name, script, rest, carried)


def enter(
    name: str, script: str, beside: str, *, interpreter: str | None = None, **options: Any
) -> "Script":
    """For a launcher file at `beside`: supervise the plugin `name`, or be its worker.

    Returns the script to run. The worker runs under `interpreter` if that is given, or in the
    environment that is made of the wheels in `Carried`, whose fields are the `options`. Started by
    hand, or with EKUIPER_SUPERVISE=0, there is no supervisor.
    """
    carried = Carried(**options).beside(beside)
    path = os.path.join(os.path.dirname(os.path.abspath(beside)), script)
    rest = sys.argv[1:]
    if os.environ.get("EKUIPER_SUPERVISE") == "0" or not has_host_argument(rest):
        from .supervision.script import Script

        if carried.wheels:
            from .environment.building import move_in

            move_in(name, carried, beside)
        return Script(path, rest, None, name, carried=carried)
    return _enter(name, path, rest, carried, interpreter)


def _enter(
    name: str, script: str, rest: list[str], carried: Carried, interpreter: str | None = None
) -> "Script":
    exchange = _shake_hands(name)
    if carried.wrapped:
        from .wrapper import speak_past_it

        speak_past_it(exchange.peer)
    # All else only now.
    from .supervision.link import Link
    from .supervision.machine import Machine
    from .supervision.marks import new_marks
    from .supervision.spawning import Interpreter, single_threaded
    from .supervision.supervisor import Supervisor

    python = carried.interpreter if carried.wheels else interpreter or sys.executable
    options, _ = interpreter_options(sys.orig_argv)
    *before, plugin, path = command_line(python, options, name, script, carried)
    if carried.wheels:
        from .environment.building import builder

        before = [*builder(name, carried), *before]
    command = Interpreter(before, [plugin, path, *rest])
    forks = interpreter is None and not carried.wheels
    machine = Machine(os.path.basename(script) + " (and making .venv)" * bool(carried.wheels))
    if forks and single_threaded():
        from .supervision.preloading import preload

        preload()
    gc.freeze()  # so that a worker's collections do not write to what it shares
    supervisor = Supervisor(exchange, machine, Report(name), command, new_marks(), forks=forks)
    link = supervisor.run()
    if not isinstance(link, Link):
        sys.exit(link)
    from .supervision.script import Script  # in the worker: what runs symbols

    return Script(script, rest, link, name, supervisor.marks, carried)


def _shake_hands(name: str) -> Req:
    addresses = Addresses(socket_directory())
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _end)  # until the supervisor listens to it
    try:
        exchange = reach(name, _dial, addresses)
        exchange.send(HANDSHAKE)
    except EkuiperError as error:
        Report(name)("CRITICAL", f"plugin {name} cannot run: {error}")
        sys.exit(1)
    return exchange


def _end(number: int, frame: "FrameType | None") -> None:
    sys.exit(0)


def _dial(url: str, timeout: float) -> Req:
    """What `IpcTransport.req` does, whose listening side is not needed yet."""
    path = path_of(url)
    exchange = Req(url, lambda: connect(path))
    exchange.open(timeout)
    return exchange


def interpreter_options(argv: list[str]) -> tuple[list[str], list[str]]:
    """A Python command line without its first word, in two: options, and from the script (or -c
    or -m) on."""
    at = 1
    while at < len(argv) and argv[at].startswith("-") and argv[at] not in ("-", "-c", "-m"):
        word = argv[at]
        if word.startswith("--"):
            at += 2 if word in _TAKE_ONE else 1
            continue
        flags = word[1:]
        taking = next((i for i, flag in enumerate(flags) if flag in "XWcm"), None)
        if taking is not None and flags[taking] in "cm":
            break  # as in -uc: what follows is no file
        at += 2 if taking == len(flags) - 1 else 1
    return argv[1:at], argv[at:]
