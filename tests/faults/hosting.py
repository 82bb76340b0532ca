"""The process that plays eKuiper for one plugin: it may be stopped, killed, and started again.

`python -m tests.faults.hosting <settings as JSON>`; then a line of JSON on stdin for each command.
"""

import json
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ekuiper.bundle.manifest import read_manifest
from ekuiper.errors import EkuiperError, HostError
from ekuiper.host.embedded import Host, Settings
from ekuiper.host.embedded.places import function_start
from ekuiper.host.embedded.process import PluginProcess
from ekuiper.protocol.messages import Command, Meta

from .flows import Caller, Giver, Taker
from .journal import Journal
from .plan import FUNCTIONS

__all__ = ["ACK_TIMEOUT", "NAME", "main"]

NAME = "faults"
ACK_TIMEOUT = 3.0

_SETTINGS = Settings(init_timeout=10.0, control_timeout=15.0, ack_timeout=ACK_TIMEOUT)
_ATTEMPTS = 3
_KEEP = 0.02  # seconds between two looks whether the plugin lives


class Hosting:
    """One life of a host."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._journal = Journal(given["journal"])
        self._log = given["log"]
        self._folder = Path(given["plugin"])
        self._pace = given["pace"]
        self._base = given["base"]
        self._acks = given["acks"]
        self._closing = threading.Event()
        self._spawning = threading.Lock()
        self._env = {**given["env"], "FAULTS_HOST": str(os.getpid())}
        self._sockets = given["sockets"]
        self.host = self._new_host()

    def _new_host(self) -> Host:
        return Host(
            self._folder,
            settings=_SETTINGS,
            directory=self._sockets,
            env=self._env,
            launcher=self._launcher,
        )

    def _start(self) -> None:
        """Start the plugin; again if it dies at that."""
        for _ in range(_ATTEMPTS):
            try:
                self.host.start()
                return
            except HostError as error:
                self._journal.write("did not start", str(error)[:300])
                self.host = self._new_host()
        self.host.start()

    def _launcher(self, transport: object, addresses: Any) -> PluginProcess:
        return PluginProcess(
            self._folder,
            read_manifest(self._folder),
            settings=_SETTINGS,
            log=self._log and Path(self._log),
            env={**self._env, "EKUIPER_SOCKET_DIR": addresses.directory},
        )

    def run(self) -> None:
        """Serve until told to close, or nobody tells any more."""
        self._start()
        with closing(self.host):
            keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
            self._begin()
            keeper.start()
            self._journal.write("up", os.getpid())
            for line in sys.stdin:
                told = json.loads(line)
                if told["do"] == "close":
                    break
                self._follow(told["do"], told.get("target", ""), told.get("number", 0))
            self._closing.set()
            keeper.join()
            for flow in self._flows:
                flow.end()
        for flow in self._flows:
            flow.join(5.0)
        self._journal.write("down", os.getpid(), list(self.host.errors))

    def _begin(self) -> None:
        base, pace = self._base, self._pace
        self._callers = {
            name: Caller(self.host, name, base, self._journal, pace) for name in FUNCTIONS
        }
        self._taker = Taker(self.host, "numbers", self._journal)
        self._giver = Giver(self.host, "keep", base, self._journal, pace, self._acks)
        self._flows = [*self._callers.values(), self._taker, self._giver]
        for flow in self._flows:
            flow.begin()

    def _keep(self) -> None:
        """Start the plugin again when it is gone, as a user would."""
        while not self._closing.wait(_KEEP):
            with self._spawning:
                if not self.host._instance._launcher.alive:
                    self._respawn(self.host.status_message or "did not start")

    def _respawn(self, why: str) -> None:
        began = time.monotonic()
        before = len(self.host.errors)
        try:
            self.host.restart(seed=0)
            outcome = "ok"
            if len(self.host.errors) > before:  # a start was refused: its rule is started anew
                try:
                    self._taker.restart()
                finally:
                    self._giver.restart()
        except EkuiperError as error:
            outcome = str(error)[:300]
        self._journal.write("respawned", began, why, outcome)

    def _follow(self, what: str, target: str, number: float) -> None:
        """Do it aside, so that the next command need not wait."""

        def do() -> None:
            began = time.monotonic()
            try:
                outcome = getattr(self, f"_do_{what}")(target, number) or "ok"
            except EkuiperError as error:
                outcome = f"error: {error}"[:300]
            except Exception as error:
                outcome = f"broken: {error!r}"[:300]
            self._journal.write("did", what, target, began, outcome)

        threading.Thread(target=do, name=what, daemon=True).start()

    def _command(self, command: Command) -> None:
        self.host._instance._control.command(command)

    def _running(self, target: str) -> Command:
        if target == "function":
            return function_start(FUNCTIONS[1])
        if target in FUNCTIONS:
            return function_start(target)
        return (self._taker if target == "source" else self._giver).handle.command

    def _do_again(self, target: str, number: float) -> None:
        """A start for what runs already."""
        with self._restored(target):
            self._command(self._running(target))

    @contextmanager
    def _restored(self, *targets: str) -> Iterator[None]:
        """A host whose start was refused takes the symbol for stopped, and starts it anew."""
        try:
            yield
        except EkuiperError:
            for target in targets:
                if target in ("source", "sink"):
                    self._do_restart(target, 0)
            raise

    def _do_restart(self, target: str, number: float) -> None:
        (self._taker if target == "source" else self._giver).restart()

    def _do_reorder(self, target: str, number: float) -> None:
        """The stop before the start it belongs to, and once more."""
        running = self._running(target)
        with self._restored(target):
            self._command(running._replace(verb="stop"))
            self._command(running._replace(verb="stop"))
            self._command(running)

    def _do_unknown(self, target: str, number: float) -> None:
        """A stop for what never ran."""
        running = self._running(target)
        self._command(running._replace(verb="stop", meta=Meta("never", running.meta.op_id, 0)))

    def _do_stranger(self, target: str, number: float) -> str:
        """A start for what the plugin does not have; it is good to be refused."""
        try:
            self._command(self._running(target)._replace(symbol="stranger"))
        except EkuiperError as error:
            return "ok" if "stranger" in str(error) else f"error: {error}"[:300]
        return "error: a stranger was started"

    def _do_concurrent(self, target: str, number: float) -> None:
        """Several commands at once; the host has one after the other sent, in whatever order."""
        commands = [
            self._running("source"),
            self._running("function"),
            self._running("sink"),
            self._running(target)._replace(verb="stop", meta=Meta("never", "x", 0)),
        ]
        with self._restored("source", "sink"), ThreadPoolExecutor(len(commands)) as threads:
            list(threads.map(self._command, commands))

    def _do_respawn(self, target: str, number: float) -> None:
        with self._spawning:
            self._respawn("told to")

    def _do_big(self, target: str, number: float) -> None:
        if target == "sink":
            self._giver.give(self._base + 900_000, "x" * int(number))
        else:
            self._callers[FUNCTIONS[0]].call(self._base + 900_000, "x" * int(number))

    def _do_poison(self, target: str, number: float) -> None:
        if target == "sink":
            self._giver.give_poison(self._base + 800_000)
        else:
            self._callers[FUNCTIONS[0]].call_poison()

    def _do_cut(self, target: str, number: float) -> str:
        path = socket_of(target, self.host.directory, self._running)
        cut = [_hang_up(one) for one in _connections(path)]
        return "ok" if cut else "there is none"


def socket_of(target: str, folder: Path, running: Callable[[str], Command]) -> str:
    """The path of the control socket, a function's, or that of the running source or sink."""
    if target == "control":
        return str(folder / f"plugin_{NAME}.ipc")
    if target in FUNCTIONS:
        return str(folder / f"func_{target}.ipc")
    meta = running(target).meta
    return str(folder / f"{meta.rule_id}_{meta.op_id}_{meta.instance_id}.ipc")


def _connections(path: str) -> Iterator[socket.socket]:
    """This process's connections by this socket, whoever called whom."""
    for entry in os.listdir("/proc/self/fd"):
        try:
            fd = os.dup(int(entry))
        except OSError:
            continue
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.close(fd)
            continue
        with socket.socket(fileno=fd) as one:
            try:
                if path in (one.getpeername(), one.getsockname()):
                    yield one
            except OSError:
                pass  # it listens


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side did


def main() -> None:
    Hosting(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    main()
