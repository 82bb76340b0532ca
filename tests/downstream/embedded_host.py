"""The embedded host, asked like the pynng host."""

from typing import Any

from ekuiper.errors import CallError, ChannelTimeoutError, HostError
from ekuiper.host.embedded import FunctionHandle, Host, Settings, SinkHandle, SourceHandle
from ekuiper.protocol.messages import SourceError

from .installed import Installed
from .rig import Reply

__all__ = ["EmbeddedHost"]


class EmbeddedHost:
    """Runs the plugin under `ekuiper.host.embedded.Host`."""

    def __init__(self, plugin: Installed) -> None:
        self.plugin = plugin
        settings = Settings(
            python=str(plugin.sdk.python), control_timeout=15.0, ack_timeout=10.0, send_timeout=1.0
        )
        self.host = Host(
            plugin.folder,
            settings=settings,
            log=plugin.log,
            directory=plugin.sockets,
            env=plugin.env,
        )

    def __enter__(self) -> "EmbeddedHost":
        self.host.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.host.close()

    def function(self, name: str) -> "_Function":
        return _Function(self.host.function(self.plugin.marked(name)))

    def source(
        self, name: str, *, rule: str = "rule", datasource: str = "", **config: Any
    ) -> "_Source":
        handle = self.host.source(
            self.plugin.marked(name),
            rule=self.plugin.marked(rule),
            datasource=datasource,
            config=config,
        )
        return _Source(handle)

    def sink(self, name: str, *, rule: str = "rule", **config: Any) -> "_Sink":
        symbol = self.plugin.marked(name)
        return _Sink(self.host.sink(symbol, rule=self.plugin.marked(rule), config=config))


class _Function:
    def __init__(self, handle: FunctionHandle) -> None:
        self._handle = handle

    def validate(self, *args: Any) -> Reply:
        try:
            self._handle.validate(args)
        except CallError as error:
            return Reply(False, error.reason)
        return Reply(True, "")

    def is_aggregate(self) -> bool:
        return self._handle.is_aggregate()

    def exec(
        self,
        *args: Any,
        rule: str = "rule",
        op: str = "2_project",
        instance: int = 0,
        func: int = 0,
    ) -> Reply:
        try:
            result = self._handle.exec(*args, rule=rule, op=op, instance=instance, func_id=func)
        except CallError as error:
            return Reply(False, error.reason)
        return Reply(True, result)


class _Source:
    def __init__(self, handle: SourceHandle) -> None:
        self._handle = handle
        self.stop = handle.stop

    def recv(self, timeout: float = 10.0) -> Any:
        try:
            row = self._handle.recv(timeout)
        except ChannelTimeoutError:
            return None
        if isinstance(row, SourceError):
            return row.text
        return {"message": row.message, "meta": row.meta}


class _Sink:
    def __init__(self, handle: SinkHandle) -> None:
        self._handle = handle
        self.stop = handle.stop

    def send(self, data: bytes) -> bool:
        try:
            self._handle.post(data)
        except HostError:
            return False
        return True

    def ack(self, timeout: float = 10.0) -> Any:
        try:
            error = self._handle.ack(timeout).error
        except HostError:
            return None
        return "ok" if error is None else [error]
