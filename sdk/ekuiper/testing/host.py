"""Drives a plugin from a test, as eKuiper would."""

from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Literal

from ..bundle.manifest import Manifest
from ..config import PluginConfig
from ..host import embedded
from ..host.embedded import FunctionHandle, Settings
from ..transport.ipc import IpcTransport
from ..transport.memory import MemoryTransport
from .feed import Feed
from .launcher import PluginThread
from .rows import Rows

__all__ = ["Host"]

_PATIENT = Settings(init_timeout=10.0, control_timeout=15.0, ack_timeout=5.0)


class Host:
    """Runs the functions, sources and sinks of `config` in this process, on threads.

        with Host(config) as host:
            assert host.function("revert").exec("abc") == "cba"

    What travels between test and plugin is what would travel between eKuiper and plugin, so that
    values come and go as they do there. `transport` "memory" stays inside the process; "ipc" uses
    real sockets in a temporary folder. `settings` says which eKuiper to play, and how patient it is
    (default: 2.4, and seconds). No wait is without a deadline.

    Entering starts the plugin; leaving stops what runs, and joins its threads.
    """

    def __init__(
        self,
        config: PluginConfig,
        *,
        transport: Literal["memory", "ipc"] = "memory",
        settings: Settings | None = None,
    ) -> None:
        settings = settings or _PATIENT
        inside = transport == "memory"
        self._host = embedded.Host(
            _manifest(config),
            settings=settings,
            directory="/memory" if inside else None,
            launcher=partial(PluginThread, config),
            transport=MemoryTransport()
            if inside
            else IpcTransport(settings.max_message, attended=True),
        )

    def function(self, name: str) -> FunctionHandle:
        """The function `name`, as a rule uses it: `.exec(*args)`, `.validate(args)`,
        `.is_aggregate()`. What fails raises `CallError`."""
        return self._host.function(name)

    def source(
        self,
        name: str,
        *,
        rule: str = "rule1",
        stream: str = "demo",
        datasource: str = "",
        config: Mapping[str, Any] | None = None,
    ) -> Rows:
        """Start the source `name` and look at its rows; the `with` block's end stops it.

            with host.source("counter", config={"every": 0.01}) as rows:
                assert rows.take(2) == [{"count": 0}, {"count": 1}]

        Raises `HostError` if it does not start, for instance because `configure` raised.
        """
        return Rows(
            self._host.source(name, rule=rule, stream=stream, datasource=datasource, config=config)
        )

    def sink(
        self,
        name: str,
        *,
        rule: str = "rule1",
        action: int = 0,
        config: Mapping[str, Any] | None = None,
    ) -> Feed:
        """Start the sink `name` and send it messages; the `with` block's end stops it.

            with host.sink("collect") as sink:
                sink.send([{"a": 1}])

        The action has `requireAck: true` unless `config` says otherwise, so that `send` returns
        when `collect` did. Raises `HostError` if the sink does not start.
        """
        config = {"requireAck": True, **(config or {})}
        return Feed(self._host.sink(name, rule=rule, action=action, config=config))

    def restart(self, *, seed: int | None = None) -> None:
        """End the plugin and start it again, with what ran, in random order (drawn with `seed`).

        Of its functions only the last is started again, as in eKuiper; the runtime makes up for it.
        """
        self._host.restart(seed=seed)

    @property
    def errors(self) -> list[str]:
        """What went wrong with nobody there to raise it to, in a restart or at the end."""
        return self._host.errors

    def start(self) -> "Host":
        """Start the plugin. Raises `HostError` if it does not come up; nothing is left then."""
        self._host.start()
        return self

    def close(self) -> None:
        """Stop what runs and end the plugin. Idempotent."""
        self._host.close()

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


def _manifest(config: PluginConfig) -> Manifest:
    return Manifest(
        name=config.name,
        version="",
        language="python",
        executable="",
        virtual_env_type=None,
        env=None,
        sources=tuple(config.sources),
        sinks=tuple(config.sinks),
        functions=tuple(config.functions),
    )
