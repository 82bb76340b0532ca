"""A plugin's runtime on a thread, and the host's end of its channels, within one process."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ekuiper import PluginConfig
from ekuiper.errors import ChannelClosedError
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.codec import decode_reply, decode_result, encode_call, encode_command
from ekuiper.protocol.messages import Call, CallContext, Command, Meta, Reply
from ekuiper.runtime import control
from ekuiper.runtime.hostwatch import HostWatch
from ekuiper.runtime.symbols import Symbols
from ekuiper.transport import Exchange, Inbox, Outbox
from ekuiper.transport.memory import MemoryTransport

DEADLINE = 10.0


class Wire:
    """The host's end: raw channels and one call per thing a host does."""

    def __init__(
        self,
        config: PluginConfig,
        locks: str | None = None,
        directory: str = "/memory",
        transport: Any = None,
        plugin_transport: Any = None,
    ) -> None:
        self.config = config
        self.transport = transport or MemoryTransport()
        self.addresses = Addresses(directory)
        plugin_transport = plugin_transport or self.transport
        self.symbols = Symbols(config, plugin_transport, self.addresses, locks)
        self.control = self.transport.rep(self.addresses.control(config.name))
        self.functions: dict[str, Exchange] = {}
        self.channels: list[Exchange | Inbox | Outbox] = [self.control]
        self.exchange = plugin_transport.req(self.addresses.control(config.name))
        self._thread = threading.Thread(target=self._serve, name="plugin under test")

    def _serve(self) -> None:
        host = HostWatch(None)
        try:
            control.serve(self.exchange, self.symbols, host)
        except ChannelClosedError:
            pass
        finally:
            self.symbols.close(2.0)
            self.exchange.close()
            host.close()

    def begin(self) -> Wire:
        """Start the runtime and take its handshake."""
        self._thread.start()
        assert self.control.recv(DEADLINE) == b"handshake"
        return self

    def raw(self, frame: bytes) -> bytes:
        """Send bytes as a command; the reply."""
        self.control.send(frame)
        return self.control.recv(DEADLINE)

    def command(
        self, verb: Any, kind: Any, symbol: str, rule: str = "r1", op: str = "op", **config: Any
    ) -> str | None:
        """Send a command; None when it was answered with ok, else the error."""
        meta = Meta("", "", 0) if kind == "func" else Meta(rule, op, 0)
        return decode_result(
            self.raw(encode_command(Command(verb, kind, symbol, meta, None, config)))
        )

    def source(self, symbol: str, rule: str = "r1", op: str = "op", **config: Any) -> Inbox:
        """Listen, start a source, and return where its rows come in."""
        inbox = self.transport.pull(self.addresses.data(Meta(rule, op, 0)))
        self.channels.append(inbox)
        assert self.command("start", "source", symbol, rule, op, **config) is None
        return inbox

    def sink(self, symbol: str, rule: str = "r1", op: str = "op", **config: Any) -> Outbox:
        """Start a sink, dial it, and return where its messages go in."""
        assert self.command("start", "sink", symbol, rule, op, **config) is None
        outbox = self.transport.push(self.addresses.data(Meta(rule, op, 0)), timeout=DEADLINE)
        self.channels.append(outbox)
        return outbox

    def acks(self, rule: str = "r1", op: str = "op") -> Inbox:
        """Listen for a sink's acks; before it is started."""
        inbox = self.transport.pull(self.addresses.ack(Meta(rule, op, 0)))
        self.channels.append(inbox)
        return inbox

    def listen(self, name: str) -> Exchange:
        """Open a function's socket, as the host does before it starts the function."""
        exchange = self.transport.rep(self.addresses.function(name))
        self.functions[name] = exchange
        self.channels.append(exchange)
        return exchange

    def function(self, name: str) -> Exchange:
        """Listen, start a function, and take its handshake."""
        exchange = self.listen(name)
        assert self.command("start", "func", name) is None
        assert exchange.recv(DEADLINE) == b"handshake"
        return exchange

    def ask(self, name: str, func: Any, args: list[Any], rule: str = "r1") -> Reply:
        """One request to a started function."""
        context = CallContext(rule, "2_project", 0, 0) if func == "Exec" else None
        exchange = self.functions[name]
        exchange.send(encode_call(Call(func, args, context)))
        return decode_reply(exchange.recv(DEADLINE))

    def exec(self, name: str, *args: Any, rule: str = "r1") -> Reply:
        """Call a started function."""
        return self.ask(name, "Exec", list(args), rule)

    def close(self) -> None:
        """End the runtime and wait for it."""
        self.exchange.close()
        for channel in self.channels:
            channel.close()
        if self._thread.ident is not None:
            self._thread.join(DEADLINE)
            assert not self._thread.is_alive()


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """Starts a runtime for a `PluginConfig`; ends all it started and looks for left threads."""
    before = set(threading.enumerate())
    started: list[Wire] = []

    def start(config: PluginConfig, **options: Any) -> Wire:
        started.append(Wire(config, **options))
        return started[-1].begin()

    yield start
    for each in started:
        each.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(DEADLINE)
        assert not thread.is_alive(), thread.name


def rows(inbox: Inbox, count: int) -> list[Any]:
    """The next messages of a source, parsed."""
    return [json.loads(inbox.recv(DEADLINE)) for _ in range(count)]


File = tuple[int, int]


def file_of(fd: int) -> File | None:
    """What a descriptor of this process leads to; None for a closed one."""
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def leading_to(files: set[File | None]) -> list[int]:
    """The descriptors of this process that lead to one of these files. To count them all would
    count what other tests left to be closed."""
    return [fd for fd in map(int, os.listdir("/proc/self/fd")) if file_of(fd) in files]
