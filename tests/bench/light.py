"""A plugin under a host that costs next to nothing: the embedded host's control channel, and raw
sockets with messages that were encoded before."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ekuiper.errors import HostError
from ekuiper.host.embedded.asking import ControlLink
from ekuiper.host.embedded.places import function_start, sink_start, source_start
from ekuiper.host.embedded.settings import Settings
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.messages import Command
from ekuiper.transport.ipc import IpcTransport

from .loops import Figures
from .peer_process import PeerProcess
from .scale import Scale
from .subjects import Subject, environment, inherited

__all__ = ["LightPlugin"]

_SETTINGS = Settings(init_timeout=20.0, control_timeout=20.0)
_STOP_TIMEOUT = 5.0
_SOCKETS = "/tmp"  # short: a socket's path has at most 107 bytes


class LightPlugin:
    """One running subject. `more` functions are declared besides the three that are called; `peer`
    makes what holds the host's ends of its channels.

    Entering it starts the plugin; `handshake` is how many seconds that took. `usable` ends when it
    does not stop what it was told to stop, as the official package's sinks do now and then.
    """

    usable = True

    def __init__(
        self,
        subject: Subject,
        mark: str,
        *,
        more: int = 0,
        peer: Callable[[], PeerProcess] = PeerProcess,
    ) -> None:
        self._subject = subject
        self._mark = mark
        self._more = more
        self._make_peer = peer
        self._stack = ExitStack()
        self._functions: dict[str, tuple[PeerProcess, str]] = {}

    def __enter__(self) -> "LightPlugin":
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def function(self, scale: Scale, *, hot: int = 1, size: int = 0, rules: int = 1) -> Figures:
        """Calls of one function, or of `hot` functions at once, from `rules` rules in turn."""
        names = ("length",) if size else ("echo", "hot")[:hot]
        lines = [self._function(name, apart=name == "hot") for name in names]
        for peer, path in lines:
            peer.begin("call", path=path, rules=rules, size=size, **self._window(scale))
        parts = [peer.end() for peer, _ in lines]
        return {
            **parts[0],
            "rows": sum(part["rows"] / part["seconds"] for part in parts) * parts[0]["seconds"],
            "host_cpu": sum(part["host_cpu"] for part in parts),
        }

    def source(self, scale: Scale, *, size: int = 0) -> Figures:
        """Rows of one source."""
        with self._source("rule1", {"size": size} if size else {}) as path:
            return self._peer.do("drain", path=path, **self._window(scale))

    def sink(self, scale: Scale, *, size: int = 0) -> Figures:
        """Messages to one sink."""
        with self._sink("rule1") as path:
            return self._peer.do("feed", path=path, size=size, **self._window(scale))

    def together(self, scale: Scale) -> Figures:
        """Rows through a source, a function and a sink."""
        peer, function = self._function("echo")
        with self._source("rule1", {}) as source, self._sink("rule2") as sink:
            return peer.do(
                "chain", source=source, function=function, sink=sink, **self._window(scale)
            )

    def paced(self, scale: Scale, rate: float) -> Figures:
        """Calls for rows that come at this rate."""
        peer, path = self._function("echo")
        window = {"pid": self.pid, "warm": 0.0, "seconds": scale.paced}
        return peer.do("pace", path=path, rate=rate, **window)

    def start_functions(self) -> None:
        """Start all that are declared besides."""
        for number in range(self._more):
            self._function(f"more{number}")

    @contextmanager
    def resting(self, rules: int) -> Iterator[None]:
        """Within, source and sink are started in so many rules, and have nothing to do."""
        with ExitStack() as stack:
            for number in range(rules):
                stack.enter_context(self._source(f"rule{number}", {"rows": 0}))
                stack.enter_context(self._sink(f"other{number}"))
            yield

    @cached_property
    def _peer(self) -> PeerProcess:
        """Holds all channels but some functions; made when needed, not beside a start."""
        return self._stack.enter_context(self._make_peer())

    def _start(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="bench-", dir=_SOCKETS)
        self._log = Path(self._stack.enter_context(folder), "log")
        sockets = folder.name if self._subject.confined else _SOCKETS
        self._addresses = Addresses(sockets)
        self._stack.callback(_remove_sockets, Path(sockets), self._mark)
        url = self._addresses.control(f"bench{self._mark}")
        exchange = self._stack.enter_context(IpcTransport().rep(url))
        control = ControlLink(exchange, _SETTINGS, self._gone)
        begin = time.perf_counter()
        self._spawn(folder.name, sockets)
        control.handshake()
        self.handshake = time.perf_counter() - begin
        self._control = control

    def _spawn(self, folder: str, sockets: str) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._subject.command, '{"sendTimeout":1000}'],
                cwd=folder,
                env={
                    **inherited(),
                    **environment(self._subject, self._mark, self._more),
                    "EKUIPER_SOCKET_DIR": sockets,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self._process.pid
        self._stack.callback(self._process.wait)
        self._stack.callback(self._process.kill)

    def _gone(self) -> str | None:
        if self._process.poll() is None:
            return None
        last = self._log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["no output"]
        return f"it ended with {self._process.returncode}: {last[0]}"

    def _window(self, scale: Scale) -> dict[str, float]:
        return {"pid": self.pid, "warm": scale.warm, "seconds": scale.window}

    def _function(self, name: str, *, apart: bool = False) -> tuple[PeerProcess, str]:
        """Where the function is called, started when first asked for; `apart` from the others: two
        that are hot at once shall not share a process on the host's side."""
        if name not in self._functions:
            symbol = f"{name}{self._mark}"
            path = self._addresses.function(symbol).removeprefix("ipc://")
            owner = self._stack.enter_context(self._make_peer()) if apart else self._peer
            owner.do("listen", kind="function", path=path)
            self._control.command(function_start(symbol))
            self._functions[name] = owner, path
        return self._functions[name]

    @contextmanager
    def _source(self, rule: str, config: dict[str, Any]) -> Iterator[str]:
        """A running source; yields the path of its rows."""
        command = source_start(
            f"numbers{self._mark}",
            rule=f"{rule}{self._mark}",
            stream="demo",
            datasource="",
            config=config,
            shared=False,
            settings=_SETTINGS,
        )
        path = self._addresses.data(command.meta).removeprefix("ipc://")
        self._peer.do("listen", kind="source", path=path)
        with self._running(command, path):
            yield path

    @contextmanager
    def _sink(self, rule: str) -> Iterator[str]:
        """A running sink, dialled; yields the path for its messages."""
        rule_id = f"{rule}{self._mark}"
        command = sink_start(f"drop{self._mark}", rule=rule_id, action=0, config={})
        path = self._addresses.data(command.meta).removeprefix("ipc://")
        acks = self._addresses.ack(command.meta).removeprefix("ipc://")
        self._peer.do("listen", kind="ack", path=acks)
        with self._running(command, path, acks):
            self._peer.do("dial", path=path)
            yield path

    @contextmanager
    def _running(self, command: Command, *paths: str) -> Iterator[None]:
        """Like eKuiper closes the channels first, then tells the plugin."""
        try:
            self._control.command(command)
            yield
        finally:
            for path in paths:
                self._peer.do("forget", path=path)
        try:
            self._control.command(command._replace(verb="stop"), _STOP_TIMEOUT)
        except HostError:
            self.usable = False  # what was measured before stands


def _remove_sockets(folder: Path, mark: str) -> None:
    for path in folder.glob(f"*{mark}*.ipc"):
        path.unlink(missing_ok=True)
