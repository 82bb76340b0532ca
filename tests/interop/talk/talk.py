"""A plugin that does the same whenever it is told the same, at any speed of its host."""

import threading
from collections import defaultdict
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin

PATIENCE = 10.0
KEPT: dict[str, list[bytes]] = defaultdict(list)
CHANGED = threading.Condition()
RELEASED = threading.Semaphore(0)


class Echo(Function):
    """Returns its arguments."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args


class Fuss(Function):
    """Refuses arguments, fails, and returns what cannot be sent."""

    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else f"takes one argument, not {len(args)}"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if isinstance(args[0], str):
            raise ValueError(args[0])
        if isinstance(args[0], list):
            return {"set": set(map(str, args[0]))}
        return float("nan") if args[0] is None else [args[0], ctx.get_rule_id()]

    def is_aggregate(self) -> bool:
        return True


class Hold(Function):
    """Answers once it is released."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return RELEASED.acquire(timeout=PATIENCE) and args


class Release(Function):
    """Releases one `hold`."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        RELEASED.release()
        return True


class Kept(Function):
    """What the sinks of a rule have kept, as soon as there are so many messages."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        rule, count = args
        with CHANGED:
            CHANGED.wait_for(lambda: len(KEPT[rule]) >= count, PATIENCE)
            return [message.hex() for message in KEPT.pop(rule)]


class Say(Source):
    """Emits `rows`, then does what `then` says."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        if conf.get("refuse"):
            raise ConnectionError(conf["refuse"])
        self.datasource = datasource
        self.conf = conf
        self.closed = threading.Event()

    def open(self, ctx: Context) -> None:
        for row in self.conf["rows"]:
            ctx.emit(row, {"datasource": self.datasource})
        if self.conf["then"] == "raise":
            raise OSError("the wire was cut")
        if self.conf["then"] == "report":
            ctx.emit_error("sensor 7 is silent")
        if self.conf["then"] != "return":
            self.closed.wait()

    def close(self, ctx: Context) -> None:
        self.closed.set()


class Keep(Sink):
    """Keeps what comes."""

    def configure(self, conf: dict[str, Any]) -> None:
        if conf.get("refuse"):
            raise ConnectionError(conf["refuse"])

    def collect(self, ctx: Context, data: Any) -> None:
        with CHANGED:
            KEPT[ctx.get_rule_id()].append(data)
            CHANGED.notify_all()


class Tell(Keep):
    """Takes messages of an even length, and says what it got in place of others."""

    def collect(self, ctx: Context, data: Any) -> None:
        if len(data) % 2:
            raise ValueError(f"got {data!r}")


if __name__ == "__main__":
    functions = {"echo": Echo, "fuss": Fuss, "hold": Hold, "release": Release, "kept": Kept}
    plugin.start(PluginConfig("talk", {"say": Say}, {"tell": Tell, "keep": Keep}, functions))
