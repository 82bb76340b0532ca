"""A plugin that shows a real host what symbols can do, and tells what it uses itself.

It is installed under a name that ends in `_<mark>`: the mark is in the name of each symbol too,
since the sockets of all hosts on a machine share one folder.
"""

import json
import os
import re
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin

HERE = Path(__file__).resolve().parent
COLLECTED: Counter[str] = Counter()  # messages per rule


class Echo(Function):
    """Returns its argument, or all of them."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0] if len(args) == 1 else args


class Kinds(Function):
    """Returns the Python types of its arguments."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return [type(arg).__name__ for arg in args]


class Gather(Function):
    """An aggregate that returns what it was given."""

    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args


class Picky(Function):
    """Takes one argument and no other number of them."""

    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else f"picky takes one argument, not {len(args)}"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0]


class Stall(Function):
    """Never returns for 3 and 4, and for 4 it lets no other thread run."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == 3:
            threading.Event().wait()  # hangs
        if args[0] == 4:
            re.match(r"(a+)+$", "a" * 64 + "b")  # holds the lock
        return args[0]


class Boom(Function):
    """Raises for 3."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == 3:
            raise ValueError(f"no threes, got {args[0]}")
        return args[0]


class Nan(Function):
    """Returns what JSON has no word for."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return float("nan")


class Fill(Function):
    """Returns a text of so many characters."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return "x" * int(args[0])


class Place(Function):
    """Returns where it is called from, and logs there."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        ctx.get_logger().info("called with %s", args[0])
        return [ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id()]


class Census(Function):
    """Returns what the process holds: threads, open files, messages collected per rule."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        files = []
        for fd in os.listdir("/proc/self/fd"):
            try:
                files.append(os.readlink(f"/proc/self/fd/{fd}").partition(":")[0])
            except FileNotFoundError:
                pass  # the listing's own
        return {
            "pid": os.getpid(),
            "threads": sorted(thread.name for thread in threading.enumerate()),
            "files": sorted(files),
            "collected": dict(COLLECTED),
        }


class Edition(Function):
    """Returns which edition of the plugin this is."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return (HERE / "edition").read_text()


class Rows(Source):
    """Emits `count` rows, then does what `then` says: wait, return, raise, or report an error."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        if conf.get("refuse"):
            raise ConnectionError(conf["refuse"])
        self._datasource = datasource
        self._conf = conf

    def open(self, ctx: Context) -> None:
        for number in range(self._conf.get("count", 3)):
            ctx.emit({"i": number}, {"origin": "rows"})
        then = self._conf.get("then", "wait")
        if then == "raise":
            raise ConnectionError("the wire was cut")
        if then == "error":
            ctx.emit_error("sensor 7 is silent")
            ctx.emit({"i": 7}, {"origin": "after"})
        if then == "tick":
            number = self._conf["count"]
            while not self._closed.wait(0.02):
                ctx.emit({"i": number})
                number += 1
        if then == "tell":
            settings = {key: self._conf[key] for key in ("stopAt", "STOPAT", "stopat")}
            ctx.emit({"datasource": self._datasource, "settings": settings})
        if then != "return":
            self._closed.wait()

    def close(self, ctx: Context) -> None:
        self._closed.set()


class Keep(Sink):
    """Writes each message as a line of JSON to `file`; raises for one that holds `poison`."""

    def configure(self, conf: dict[str, Any]) -> None:
        if conf.get("refuse"):
            raise ConnectionError(conf["refuse"])
        self._file = Path(conf["file"])
        self._poison = conf.get("poison")

    def collect(self, ctx: Context, data: Any) -> None:
        text = data.decode()
        if self._poison is not None and self._poison in text:
            raise ValueError(f"poisoned by {self._poison}")
        with self._file.open("a") as lines:
            lines.write(json.dumps(text) + "\n")


class KeepLater(Keep):
    """Acknowledges from another thread, with an error for a message that holds `poison`."""

    ack = "manual"

    def collect(self, ctx: Context, data: Any) -> None:
        threading.Thread(target=self._settle, args=(ctx, data)).start()

    def _settle(self, ctx: Context, data: Any) -> None:
        try:
            super().collect(ctx, data)
        except ValueError as error:
            ctx.ack_error(str(error))
        else:
            ctx.ack_ok()


class Tally(Sink):
    """Counts messages and acknowledges each, asked for or not."""

    def collect(self, ctx: Context, data: Any) -> None:
        COLLECTED[ctx.get_rule_id()] += 1
        ctx.ack_ok()


def config(name: str) -> PluginConfig:
    """The plugin as installed under `name`."""
    mark = name.rpartition("_")[2]
    functions = {
        "echo": Echo,
        "first": Echo,
        "second": Echo,
        "third": Echo,
        "kinds": Kinds,
        "gather": Gather,
        "picky": Picky,
        "boom": Boom,
        "stall": Stall,
        "nan": Nan,
        "fill": Fill,
        "place": Place,
        "census": Census,
        "edition": Edition,
    }
    return PluginConfig(
        name,
        {f"rows_{mark}": Rows},
        {f"keep_{mark}": Keep, f"keeplater_{mark}": KeepLater, f"tally_{mark}": Tally},
        {f"{function}_{mark}": factory for function, factory in functions.items()},
        call_timeout=2.0,
    )


if __name__ == "__main__":
    plugin.start(config(HERE.name))
