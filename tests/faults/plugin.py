"""A source of numbered rows, functions that echo, a sink that writes down what it got; each dies
or hangs at the points that a file in the folder FAULTS_DEATHS names."""

import itertools
import json
import os
import re
import signal
import threading
import time
from functools import partial
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin

VERSION = 0
HANG, HOLD = 0, -1  # instead of a signal
DEATHS = os.environ["FAULTS_DEATHS"]
PACE = float(os.environ["FAULTS_PACE"])

_journal = os.open(
    os.environ["FAULTS_JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
)
_epochs = itertools.count()


def tell(word: str, *rest: Any) -> None:
    """One line of the journal, in one write."""
    os.write(_journal, json.dumps([word, time.monotonic(), *rest]).encode() + b"\n")


def perhaps_die(point: str) -> None:
    """Die or hang if there is a file of this name, `<signal> <how often still>`; whoever takes it
    away is the one who dies of it."""
    path = os.path.join(DEATHS, point)
    if not os.access(path, os.F_OK):
        return
    taken = f"{path}.{threading.get_native_id()}"
    try:
        os.rename(path, taken)
    except FileNotFoundError:
        return
    with open(taken) as file:
        how, count = map(int, file.read().split())
    os.unlink(taken)
    if count > 1:
        with open(taken, "w") as file:
            file.write(f"{how} {count - 1}")
        os.rename(taken, path)
    die(point, how)


def die(point: str, how: int) -> None:
    """Never return."""
    if how in (HANG, HOLD):
        tell("hang", os.getpid(), point)
        if how == HOLD:
            re.match(r"(a+)+$", "a" * 64 + "b")
    else:
        tell("death", os.getpid(), point, how)
        os.kill(os.getpid(), how)
    threading.Event().wait()  # a signal to a process may reach another thread first


def perhaps_fork() -> None:
    """A grandchild that keeps everything open that this process has."""
    path = os.path.join(DEATHS, "grandchild")
    if not os.access(path, os.F_OK):
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    if os.fork() == 0:
        while True:
            time.sleep(60)


def role() -> str:
    """`top` for what the host or its wrapper started, `worker` for what such a process made."""
    parent = os.getppid()
    if str(parent) == os.environ.get("FAULTS_HOST"):
        return "top"
    with open(f"/proc/{parent}/comm") as file:
        return "top" if file.read().strip() in ("sh", "kuiperd") else "worker"


class Numbers(Source):
    """Emits {"epoch": who, "n": 0, 1, 2 …}; tells before each, so that it has told of the row
    after the one that was sent last."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.ended = threading.Event()
        perhaps_die("configure")

    def open(self, ctx: Context) -> None:
        perhaps_die("open")
        epoch = f"{os.getpid()}.{next(_epochs)}"
        for n in itertools.count():
            perhaps_die("emit")
            tell("emit", epoch, n)
            ctx.emit({"epoch": epoch, "n": n})
            if self.ended.wait(PACE):
                return

    def close(self, ctx: Context) -> None:
        perhaps_die("close")
        self.ended.set()


class Echo(Function):
    """Returns its argument; tells before that it will."""

    def __init__(self, name: str) -> None:
        self.name = name

    def exec(self, args: list[Any], ctx: Context) -> Any:
        perhaps_die("exec")
        perhaps_fork()
        if args[0] == "poison":
            die("poison function", signal.SIGSEGV)
        tell("answered", os.getpid(), self.name)
        return args[0]


class Keep(Sink):
    """Writes down the number of each row."""

    def configure(self, conf: dict[str, Any]) -> None:
        perhaps_die("configure")

    def open(self, ctx: Context) -> None:
        perhaps_die("open")

    def collect(self, ctx: Context, data: bytes) -> None:
        row = json.loads(data)
        perhaps_die("collect")
        if "poison" in row:
            die("poison sink", signal.SIGSEGV)
        row.pop("filling", None)
        tell("collected", row.pop("n"), os.getpid(), row)

    def close(self, ctx: Context) -> None:
        perhaps_die("close")


if __name__ == "__main__":
    tell("born", os.getpid(), role(), VERSION)
    perhaps_die("import")
    name = os.environ["FAULTS_NAME"]
    mark = os.environ.get("FAULTS_MARK", "")  # a real host's functions are known machine-wide
    functions = {mark + each: partial(Echo, each) for each in ("first", "second", "third")}
    sources, sinks = {mark + "numbers": Numbers}, {mark + "keep": Keep}
    limit = float(os.environ["FAULTS_CALL_TIMEOUT"]) or None
    plugin.start(PluginConfig(name, sources, sinks, functions, call_timeout=limit))
