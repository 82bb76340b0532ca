"""What the two hosts of these tests have in common: a plugin runs under one, and is asked things.

Names are given without the plugin's mark. Rule ids get it, so that data sockets do not meet either.
"""

from typing import Any, NamedTuple, Protocol

from .installed import Installed

__all__ = ["Reply", "Rig", "RigFunction", "RigSink", "RigSource"]


class Reply(NamedTuple):
    """A function's answer; `result` is what went wrong where `state` is False."""

    state: bool
    result: Any


class RigFunction(Protocol):
    """A started function."""

    def validate(self, *args: Any) -> Reply: ...

    def is_aggregate(self) -> bool: ...

    def exec(
        self,
        *args: Any,
        rule: str = "rule",
        op: str = "2_project",
        instance: int = 0,
        func: int = 0,
    ) -> Reply: ...


class RigSource(Protocol):
    """A started source."""

    def recv(self, timeout: float = 10.0) -> Any:
        """The next row as {"message", "meta"}, the text of an error, or None when none came."""

    def stop(self) -> None: ...


class RigSink(Protocol):
    """A started sink."""

    def send(self, data: bytes) -> bool:
        """Hand over a message; False when it was not taken in time."""

    def ack(self, timeout: float = 10.0) -> Any:
        """The next ack: "ok", or the error's text in a list; None when none came."""

    def stop(self) -> None: ...


class Rig(Protocol):
    """A plugin that runs under a host; what a host refuses is raised as `HostError`."""

    plugin: Installed

    def function(self, name: str) -> RigFunction: ...

    def source(
        self, name: str, *, rule: str = "rule", datasource: str = "", **config: Any
    ) -> RigSource: ...

    def sink(self, name: str, *, rule: str = "rule", **config: Any) -> RigSink: ...

    def close(self) -> None: ...
