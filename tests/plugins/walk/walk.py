"""One symbol for each thing that may happen to a plugin under a host."""

import os
import sys
import threading
import time
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin


class Echo(Function):
    """Returns its argument."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0]


class Total(Function):
    """Adds up what each rule gives it."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}

    def exec(self, args: list[Any], ctx: Context) -> Any:
        rule = ctx.get_rule_id()
        self.totals[rule] = self.totals.get(rule, 0) + sum(args[0])
        return self.totals[rule]

    def is_aggregate(self) -> bool:
        return True


class Fail(Function):
    """Fails as its argument says."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == "exit":
            sys.exit("leaving")
        if args[0] == "interrupt":
            raise KeyboardInterrupt
        if args[0] == "die":
            os._exit(3)
        if args[0] == "unsendable":
            return {"a": [object()]}
        raise ValueError(f"bad {args[0]}")


class Slow(Function):
    """Answers its argument after as many seconds."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        time.sleep(args[0])
        return args[0]


class Big(Function):
    """Returns a text of so many characters."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return "x" * args[0]


class Noisy(Function):
    """Prints so many lines and closes stdin."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        sys.stdin.close()
        for _ in range(args[0]):
            print("noise " * 20)
        return args[0]


class Pid(Function):
    """Says who it is."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return os.getpid()


class Numbers(Source):
    """Emits so many numbers as fast as it can, with what it was configured with as meta."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.count = conf.get("count", 1_000_000)
        self.meta = {"datasource": datasource, "key": conf.get("someKey")}
        self.stopped = threading.Event()

    def open(self, ctx: Context) -> None:
        for number in range(self.count):
            ctx.emit({"n": number}, self.meta)
        self.stopped.wait()

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class Refusing(Numbers):
    """Cannot be configured, for a reason that begins with h."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        raise ConnectionError("host unreachable")


class File(Sink):
    """Writes what comes into a file; "bad" cannot be written."""

    def configure(self, conf: dict[str, Any]) -> None:
        self.path = conf["path"]

    def collect(self, ctx: Context, data: bytes) -> None:
        if data == b"bad":
            raise OSError("disk full")
        with open(self.path, "ab") as file:
            file.write(data + b"\n")


class Thankful(File):
    """Acknowledges each message itself, as for the official package."""

    def collect(self, ctx: Context, data: bytes) -> None:
        super().collect(ctx, data)
        ctx.ack_ok()


if __name__ == "__main__":
    plugin.start(
        PluginConfig(
            "walk",
            {"numbers": Numbers, "refusing": Refusing},
            {"file": File, "thankful": Thankful},
            {
                "echo": Echo,
                "total": Total,
                "fail": Fail,
                "slow": Slow,
                "big": Big,
                "noisy": Noisy,
                "pid": Pid,
            },
        )
    )
