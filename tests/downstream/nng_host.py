"""A host made of pynng sockets and `json`: nothing of the SDK is at the host's end."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import pynng

from ekuiper.errors import HostError

from .installed import Installed
from .nng_channels import Channel, Function, compact, strict

__all__ = ["NngHost", "Sink", "Source"]

_START = 20.0  # seconds from spawning a plugin to its handshake
_COMMAND = 15.0  # the official package tries for 5 s to dial what does not listen
_END = 10.0

Place = tuple[str, str, int]


class NngHost:
    """Spawns the plugin and speaks to it as eKuiper from 2.1.3 on does.

    `datasource_in` says where a source finds its DATASOURCE: "config" (2.x) or "command" (1.x).
    """

    def __init__(self, plugin: Installed, *, datasource_in: str = "config") -> None:
        self.plugin = plugin
        self.control = Channel(pynng.Rep0())
        self._datasource_in = datasource_in
        self._functions: dict[str, Function] = {}
        self._running: list[Source | Sink] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "NngHost":
        self.control.listen(self.control_url)
        try:
            self.spawn()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def control_url(self) -> str:
        return self.url(f"plugin_{self.plugin.name}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, stem: str) -> str:
        """Where the channel `stem` is; data channels are called like their place."""
        return f"ipc://{self.plugin.sockets}/{stem}.ipc"

    def spawn(self) -> bytes:
        """Start the process as kuiperd does; returns its first message."""
        executable = self.plugin.executable
        with self.plugin.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.plugin.sdk.python), "-u", str(executable), '{"sendTimeout":1000}'],
                cwd=executable.parent,
                env={**os.environ, **self.plugin.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.receive(_START)

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self, timeout: float = _END) -> int | None:
        """The process's exit code; None while it runs for `timeout` seconds on."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def listen_again(self) -> None:
        """Lose the control connection, and let the plugin dial anew."""
        self.control.close()
        self.control = Channel(pynng.Rep0())
        self.control.listen(self.control_url)

    def close(self) -> None:
        for handle in self._running:
            handle.close()
        for function in self._functions.values():
            function.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(_END)
        self.control.close()

    def command(
        self,
        verb: str,
        kind: str,
        symbol: str,
        place: Place,
        config: dict[str, Any] | None = None,
        datasource: str | None = None,
    ) -> str:
        """Send one command; returns the answer. `symbol` is the name as it is on the wire."""
        control: dict[str, Any] = {
            "symbolName": symbol,
            "meta": dict(zip(("ruleId", "opId", "instanceId"), place, strict=True)),
            "pluginType": kind,
        }
        if datasource:
            control["dataSource"] = datasource
        if config:
            control["config"] = config
        return self.ask({"cmd": verb, "arg": compact(control)})

    def ask(self, command: Any) -> str:
        """Send anything on the control channel, bytes as they are; returns the answer."""
        frame = command if isinstance(command, bytes) else compact(command).encode()
        while True:
            self.control.send(frame)
            answer = self.receive(_COMMAND)
            if not answer.startswith(b"h"):
                return answer.decode()

    def receive(self, timeout: float) -> bytes:
        """The plugin's next message on the control channel; `HostError` when it has ended."""
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            message = self.control.recv(min(left, 0.25))
            if message is not None:
                return message
            if self._process.poll() is not None:
                code = self._process.returncode
                raise HostError(f"the plugin ended with {code}:\n{self.plugin.logged()}")
        raise HostError(f"no answer in {timeout:g} s:\n{self.plugin.logged()}")

    def listening(self, name: str) -> Function:
        """The function's channel, without a word to the plugin."""
        if name not in self._functions:
            self._functions[name] = Function(self.url(f"func_{self.plugin.marked(name)}"))
        return self._functions[name]

    def function(self, name: str) -> Function:
        if name not in self._functions:
            self.listening(name)
            _accept(self.command("start", "func", self.plugin.marked(name), ("", "", 0)))
        return self._functions[name]

    def source(
        self, name: str, *, rule: str = "rule", datasource: str = "", **config: Any
    ) -> "Source":
        in_config = self._datasource_in == "config"
        settings = {"datasource": datasource, **config} if in_config else config
        source = Source(self, name, rule, settings, None if in_config else datasource)
        self._running.append(source)
        source.start()
        return source

    def sink(self, name: str, *, rule: str = "rule", **config: Any) -> "Sink":
        sink = Sink(self, name, rule, config, None)
        self._running.append(sink)
        sink.start()
        sink.connect()
        return sink


class _Placed:
    """A source or sink at one place of a rule."""

    kind = ""

    def __init__(
        self, host: NngHost, name: str, rule: str, config: dict[str, Any], datasource: str | None
    ) -> None:
        self._host = host
        self._symbol = host.plugin.marked(name)
        self.place: Place = (host.plugin.marked(rule), name, 0)
        self._config = config
        self._datasource = datasource
        self._open = ExitStack()
        self._stem = "_".join(map(str, self.place))
        self.url = host.url(self._stem)

    def start(self) -> None:
        """As in eKuiper: what listens does so before the plugin is told."""
        self.listen()
        try:
            _accept(self.tell("start"))
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """As in eKuiper: the channels are closed first, then the plugin is told."""
        self.close()
        _accept(self.tell("stop"))

    def tell(self, verb: str, **config: Any) -> str:
        """Send a command for this place; returns the answer."""
        settings = {**self._config, **config}
        return self._host.command(
            verb, self.kind, self._symbol, self.place, settings, self._datasource
        )

    def close(self) -> None:
        self._open.close()

    def listen(self) -> None:
        raise NotImplementedError

    def _channel(self, make: Callable[[], pynng.Socket]) -> Channel:
        channel = Channel(make())
        self._open.callback(channel.close)
        return channel


class Source(_Placed):
    kind = "source"

    def listen(self) -> None:
        self._rows = self._channel(pynng.Pull0)
        self._rows.listen(self.url)

    def recv(self, timeout: float = 10.0) -> Any:
        message = self._rows.recv(timeout)
        if message is None:
            return None
        try:
            return strict(message)
        except ValueError as error:
            return f"no JSON: {error}"


class Sink(_Placed):
    kind = "sink"

    def listen(self) -> None:
        self._acks = self._channel(pynng.Pull0)
        self._acks.listen(self._host.url(f"{self._stem}_ack"))

    def connect(self) -> None:
        """Dial the sink, once more if need be."""
        self._data = self._channel(pynng.Push0)
        self._data.socket.dial(self.url, block=True)

    def disconnect(self) -> None:
        self._data.close()

    def send(self, data: bytes, timeout: float = 1.0) -> bool:
        try:
            self._data.send(data, timeout)
        except pynng.Timeout:
            return False
        return True

    def ack(self, timeout: float = 10.0) -> Any:
        message = self._acks.recv(timeout)
        if message is None:
            return None
        ack = strict(message)
        return [ack["error"]] if ack.get("error") else "ok"


def _accept(answer: str) -> None:
    if answer != "ok":
        raise HostError(f"receive error: {answer}")
