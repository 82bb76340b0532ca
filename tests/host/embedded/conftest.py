"""The plugin's side of the wire, played by hand."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from ekuiper.bundle.manifest import Manifest
from ekuiper.errors import TransportError
from ekuiper.host.embedded import Host, Settings
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.codec import decode_command, encode_result
from ekuiper.protocol.messages import HANDSHAKE, Command
from ekuiper.transport import Channel, Exchange, Transport
from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.memory import MemoryTransport

DEADLINE = 10.0


class Wire(NamedTuple):
    """Where the two sides meet."""

    transport: Transport
    addresses: Addresses

    def plugin(self, url: str) -> Exchange:
        """A plugin that dialled `url` and shook hands."""
        exchange = self.transport.req(url)
        exchange.send(HANDSHAKE, DEADLINE)
        return exchange


@pytest.fixture(params=["memory", "ipc"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Both ends in this process, on each transport."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        transport = MemoryTransport() if request.param == "memory" else IpcTransport()
        yield Wire(transport, Addresses(directory))


@pytest.fixture
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Call something on another thread: the side that a test does not play itself."""
    with ThreadPoolExecutor(thread_name_prefix="aside") as pool:
        yield pool.submit


class ScriptedPlugin:
    """A launcher whose plugin is a thread that answers commands from a script.

    `failing` maps a symbol to the error its start is answered with, and `deaf` names sinks that
    do not listen. `seen` has every command of all runs, `runs` how often it was started. With
    `mute` it never shakes hands; with `exits` it ends at once with that code.
    """

    def __init__(self, transport: Transport, addresses: Addresses, name: str) -> None:
        self.transport = transport
        self.addresses = addresses
        self.name = name
        self.failing: dict[str, str] = {}
        self.deaf: set[str] = set()
        self.mute = False
        self.exits: int | None = None
        self.seen: list[Command] = []
        self.runs = 0
        self.closed = False
        self.dying = threading.Event()
        self.died = False
        self.at_command: Callable[[Command], None] = lambda command: None
        self.exit_code: int | None = None
        self._channels: dict[Any, Channel] = {}
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and not self.died

    def start(self) -> None:
        self.runs += 1
        self.exit_code = self.exits
        self.dying.clear()
        if self.exits is not None:
            return
        control = self.transport.req(self.addresses.control(self.name))
        self._channels["control"] = control
        self._thread = threading.Thread(target=self._serve, args=(control,), name="scripted plugin")
        self._thread.start()

    def kill(self) -> None:
        self._end(-9)

    def die(self, code: int) -> None:
        """End as a plugin does by itself."""
        self._end(code)

    def _end(self, code: int) -> None:
        if self._thread is None:
            return
        self.dying.set()
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        self._thread = None
        self.exit_code = code

    def close(self) -> None:
        self.kill()
        self.closed = True

    def log_tail(self, lines: int = 20) -> str:
        return "ImportError: no module named torch"

    def _serve(self, control: Exchange) -> None:
        try:
            if self.mute:
                return
            control.send(HANDSHAKE)
            while True:
                command = decode_command(control.recv())
                self.seen.append(command)
                self.at_command(command)
                if self.died:
                    return
                control.send(encode_result(self._obey(command)))
        except TransportError:
            pass

    def _obey(self, command: Command) -> str | None:
        if command.verb == "start" and command.symbol in self.failing:
            return self.failing[command.symbol]
        if command.kind == "sink" and command.symbol not in self.deaf:
            if command.verb == "start":
                url = self.addresses.data(command.meta)
                self._channels[command.meta] = self.transport.pull(url)
            elif command.meta in self._channels:
                self._channels.pop(command.meta).close()
        return None


MANIFEST = Manifest(
    name="mirror",
    version="1",
    language="python",
    executable="main.py",
    virtual_env_type=None,
    env=None,
    sources=("counter",),
    sinks=("collect", "other"),
    functions=("one", "two", "three"),
)


class Stage(NamedTuple):
    """A host and the plugin it runs."""

    host: Host
    plugin: ScriptedPlugin


@pytest.fixture
def stage(wire: Wire) -> Iterator[Callable[..., Stage]]:
    """Make a host, not yet started, and its scripted plugin; closed after the test."""
    hosts: list[Host] = []

    def make(**settings: Any) -> Stage:
        plugin = ScriptedPlugin(wire.transport, wire.addresses, MANIFEST.name)
        host = Host(
            MANIFEST,
            settings=Settings(**settings),
            directory=wire.addresses.directory,
            launcher=lambda transport, addresses: plugin,
            transport=wire.transport,
        )
        hosts.append(host)
        return Stage(host, plugin)

    yield make
    for host in hosts:
        host.close()
