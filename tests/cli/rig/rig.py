"""A plugin that does well and badly, as it is told."""

import json
import os
import threading
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin


class Ticks(Source):
    """Counts: n rises by 1 every `every` seconds, up to `most` if that is given."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.every = float(conf.get("every", 0.01))
        self.most = conf.get("most")
        self.datasource = datasource
        self.label = conf.get("label", "")
        self.stopped = threading.Event()

    def open(self, ctx: Context) -> None:
        number = 0
        while not self.stopped.wait(self.every):
            if self.most is not None and number >= self.most:
                self.stopped.wait()
                return
            number += 1
            ctx.emit({"n": number, "from": self.datasource, "label": self.label})

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class Mute(Source):
    """Emits nothing."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.stopped = threading.Event()

    def open(self, ctx: Context) -> None:
        print("mute and glad", flush=True)
        self.stopped.wait()

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class Broken(Source):
    """Raises when it is opened."""

    def open(self, ctx: Context) -> None:
        raise OSError("no such sensor")


class Lines(Sink):
    """Appends each message to the file `path`, a line each."""

    def configure(self, conf: dict[str, Any]) -> None:
        self.path = conf["path"]

    def collect(self, ctx: Context, data: bytes) -> None:
        with open(self.path, "a") as file:
            file.write(data.decode() + "\n")


class Picky(Sink):
    """Refuses rows whose n is even."""

    def collect(self, ctx: Context, data: bytes) -> None:
        for row in json.loads(data):
            if row["n"] % 2 == 0:
                raise ValueError(f"{row['n']} is even")


class Double(Function):
    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else "double takes one number"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return None if args[0] is None else args[0] * 2


class Mean(Function):
    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return sum(args[0]) / len(args[0])


class Thirds(Function):
    """Fails for every third row."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] % 3 == 0:
            raise ValueError(f"{args[0]} is a multiple of 3")
        return args[0]


class Crash(Function):
    """Ends the process at n = 5."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == 5:
            print("about to crash", flush=True)
            os._exit(3)
        return args[0]


class Slow(Function):
    def exec(self, args: list[Any], ctx: Context) -> Any:
        threading.Event().wait(0.02)
        return args[0]


class Stepped(Function):
    """Asks standard input what to return."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return input("stepped> ")


if __name__ == "__main__":
    plugin.start(
        PluginConfig(
            "rig",
            {"ticks": Ticks, "mute": Mute, "broken": Broken},
            {"lines": Lines, "picky": Picky},
            {
                "double": Double,
                "mean": Mean,
                "thirds": Thirds,
                "crash": Crash,
                "slow": Slow,
                "stepped": Stepped,
            },
        )
    )
