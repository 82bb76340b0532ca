"""eKuiper's side of the wire for one plugin, on this machine."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from ...bundle.manifest import Manifest
from ...bundle.manifesting import Described, load_plugin
from ...errors import ConnectError, EkuiperError, HostError
from ...protocol.addresses import Addresses
from ...protocol.messages import Command
from ...transport import Transport
from ...transport.ipc import IpcTransport
from ..scratch import scratch
from .asking import FunctionLink
from .handles import FunctionHandle, SinkHandle, SourceHandle
from .instance import Instance, Status
from .places import function_start, sink_start, source_start
from .process import Launcher, PluginProcess
from .settings import Settings
from .streams import SinkLink, SourceLink, requires_ack

__all__ = ["Host"]

Handle = TypeVar("Handle", SourceHandle, SinkHandle)

_SHORT_PATH = "/tmp"  # a socket's path has at most 107 bytes, macOS's own folder takes half of them


class Host:
    """Runs one plugin and its symbols the way kuiperd does, quirks included.

    `plugin` is the plugin's folder, or what is known of it together with a `launcher`. Sockets lie
    in `directory` (default: a temporary folder that `close` removes) and the plugin's output goes
    to the file `log` (default: `plugin.log` in that folder). `env` is added to the plugin's
    environment, and `stdin` shares this process's standard input with it.

    A context manager: entering starts the plugin. Methods may be called from any thread.
    """

    def __init__(
        self,
        plugin: str | Path | Manifest | Described,
        *,
        settings: Settings | None = None,
        log: str | Path | None = None,
        directory: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        launcher: Callable[[Transport, Addresses], Launcher] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._folder = Path()
        if isinstance(plugin, (str, Path)):
            self._folder = Path(plugin)
            plugin = load_plugin(self._folder, python=self.settings.python)
        described = plugin if isinstance(plugin, Described) else Described(plugin)
        self.manifest = described.manifest
        self.source_settings = described.settings
        self._log = log
        self._directory = directory
        self._env = dict(env or {})
        self._stdin = stdin
        self._launcher = launcher
        self._transport: Transport = transport or IpcTransport(
            self.settings.max_message, attended=True
        )
        self._addresses = Addresses()
        self._lock = threading.RLock()
        self._functions: dict[str, FunctionHandle] = {}
        self._running: dict[int, SourceHandle | SinkHandle] = {}  # by the identity of its command
        self._plugin: Instance | None = None
        self._cleanup = ExitStack()

    def start(self) -> "Host":
        """Spawn the plugin and wait for its handshake.

        Raises `HostError` with the exit code and the end of the log if the plugin ends first or
        never speaks; everything is closed then.
        """
        with self._lock:
            if self._plugin is not None:
                raise HostError(f"plugin {self.manifest.name!r} was started before")
            try:
                self._open().ensure_running()
            except BaseException:
                self.close()
                raise
        return self

    def close(self) -> None:
        """Stop what runs, within `shutdown_timeout`, then kill the plugin and remove what was made.

        Idempotent; it does not raise for a plugin that will not stop, see `errors`.
        """
        deadline = time.monotonic() + self.settings.shutdown_timeout
        for handle in list(self._running.values()):
            try:
                handle.stop(max(0.0, deadline - time.monotonic()))
            except EkuiperError as error:
                self._instance.errors.append(f"stop of {handle.name!r}: {error}")
        if self._plugin is not None:
            self._plugin.close()
        for function in self._functions.values():
            function.close()
        self._cleanup.close()

    def kill(self) -> None:
        """SIGKILL the plugin. As in eKuiper nothing starts it again but the next `source`, `sink`,
        first `function`, or `restart`."""
        self._instance.kill()

    def restart(self, *, seed: int | None = None) -> None:
        """Kill the plugin, spawn it again and send the starts of what runs, in random order (drawn
        with `seed`): sources, sinks, and of the functions only the one started last.

        Starts that fail then are found in `errors`. Raises `HostError` like `start`.
        """
        self._instance.restart(seed)

    @property
    def directory(self) -> Path:
        """The folder of the sockets; it exists while the host runs."""
        return Path(self._addresses.directory)

    @property
    def status(self) -> Status:
        """How eKuiper would call the plugin's state; exit code 0 leaves it "running"."""
        return self._instance.status

    @property
    def status_message(self) -> str:
        """Why the status is "error": "exit status 1", "signal: killed"."""
        return self._instance.status_message

    @property
    def generation(self) -> int:
        """How often the plugin was spawned: what one before was sent and did not answer is lost."""
        return self._instance.generation

    @property
    def errors(self) -> list[str]:
        """What went wrong with nobody there to raise it to: replays and stops, the last hundred."""
        return list(self._instance.errors)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines the plugin wrote since it was started."""
        return self._instance.log_tail(lines)

    def function(self, name: str) -> FunctionHandle:
        """The function `name`, started when first asked for and then kept.

        Raises `HostError` for one the manifest does not declare, or the plugin does not start.
        """
        with self._lock:
            if name not in self._functions:
                self._declared("function", name, self.manifest.functions)
                self._functions[name] = self._start_function(name)
            return self._functions[name]

    def source(
        self,
        name: str,
        *,
        rule: str = "rule1",
        stream: str = "demo",
        datasource: str = "",
        config: Mapping[str, Any] | None = None,
        shared: bool = False,
    ) -> SourceHandle:
        """Start the source of a stream in `rule` (or, `shared`, of all rules) and listen to it.

        eKuiper's own settings of a stream are added to `config`. Raises `HostError` for a source
        the manifest does not declare, or the plugin does not start.
        """
        self._declared("source", name, self.manifest.sources)
        command = source_start(
            name,
            rule=rule,
            stream=stream,
            datasource=datasource,
            config=config or {},
            shared=shared,
            settings=self.settings,
        )
        self._instance.ensure_running()
        link = SourceLink(self._transport.pull(self._addresses.data(command.meta)))
        try:
            self._instance.start(command)
        except BaseException:
            link.close()
            raise
        return self._keep(SourceHandle(command, link, self._stopped))

    def sink(
        self,
        name: str,
        *,
        rule: str = "rule1",
        action: int = 0,
        config: Mapping[str, Any] | None = None,
    ) -> SinkHandle:
        """Start the sink of an action of `rule`, with the action's properties as `config`.

        Raises `HostError` for a sink the manifest does not declare, that the plugin does not start
        or that does not listen once it is started.
        """
        self._declared("sink", name, self.manifest.sinks)
        command = sink_start(name, rule=rule, action=action, config=config or {})
        wait = requires_ack(command.config) and self.settings.awaits_acks
        self._instance.ensure_running()
        link = SinkLink(self._transport, self._addresses, command.meta, self.settings, wait=wait)
        try:
            self._instance.start(command)
            self._connect(command, link)
        except BaseException:
            link.close()
            raise
        return self._keep(SinkHandle(command, link, self._stopped))

    def __enter__(self) -> "Host":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.close()
        return False

    @property
    def _instance(self) -> Instance:
        if self._plugin is None:
            raise HostError(f"plugin {self.manifest.name!r} was not started; call start()")
        return self._plugin

    def _open(self) -> Instance:
        name = self.manifest.name
        if self._directory is None:
            self._directory = self._cleanup.enter_context(scratch("host", _SHORT_PATH))
        self._addresses = Addresses(str(self._directory))
        exchange = self._cleanup.enter_context(self._transport.rep(self._addresses.control(name)))
        launcher = (self._launcher or self._process)(self._transport, self._addresses)
        self._plugin = Instance(name, launcher, exchange, self.settings)
        return self._plugin

    def _process(self, transport: Transport, addresses: Addresses) -> Launcher:
        return PluginProcess(
            self._folder,
            self.manifest,
            settings=self.settings,
            log=Path(self._log or Path(addresses.directory, "plugin.log")),
            env={**self._env, "EKUIPER_SOCKET_DIR": addresses.directory},
            stdin=self._stdin,
        )

    def _declared(self, kind: str, name: str, names: tuple[str, ...]) -> None:
        if name not in names:
            known = ", ".join(names) or "none"
            plugin = self.manifest.name
            raise HostError(f"plugin {plugin!r} declares no {kind} {name!r}; declared: {known}")

    def _start_function(self, name: str) -> FunctionHandle:
        self._instance.ensure_running()
        exchange = self._transport.rep(self._addresses.function(name))
        try:
            self._instance.start(function_start(name))
        except BaseException:
            exchange.close()
            raise
        return FunctionHandle(name, FunctionLink(exchange, self.settings), self._instance.describe)

    def _connect(self, command: Command, link: SinkLink) -> None:
        """Dial at once and only once; a sink that does not listen is stopped again."""
        try:
            link.connect()
        except ConnectError as error:
            self._instance.stop(command)
            raise HostError(f"sink {command.symbol!r} does not listen: {error}") from error

    def _keep(self, handle: Handle) -> Handle:
        self._running[id(handle.command)] = handle
        return handle

    def _stopped(self, command: Command, timeout: float | None) -> None:
        self._running.pop(id(command), None)
        self._instance.stop(command, timeout)
