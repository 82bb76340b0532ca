"""A looking glass for rules: shows what eKuiper hands to a source, a function and a sink.

Written as for the `ekuiper` package 2.4.2; runs unchanged with either.
"""

import sys
import threading
from typing import Any, TextIO

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin


class Settings(Source):
    """Emits what it was configured with, a row every second."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.settings = {"datasource": datasource, "conf": dict(conf)}
        self.every = float(conf.get("every", 1))
        self.stopped = threading.Event()

    def open(self, ctx: Context) -> None:
        place = [ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id()]
        number = 0
        while not self.stopped.is_set():
            ctx.emit({"number": number, "place": place, **self.settings}, {"plugin": "mirror"})
            number += 1
            self.stopped.wait(self.every)

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class Echo(Function):
    """Returns its argument, or the list of them when there are several."""

    def validate(self, args: list[Any]) -> str:
        return "" if args else "echo needs something to return"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0] if len(args) == 1 else args

    def is_aggregate(self) -> bool:
        return False


class Lines(Sink):
    """Writes each message as a line into a file, or without one into eKuiper's log."""

    def configure(self, conf: dict[str, Any]) -> None:
        self.path = conf.get("path", "")
        self.file: TextIO = sys.stdout

    def open(self, ctx: Context) -> None:
        if self.path:
            self.file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 (close closes it)

    def collect(self, ctx: Context, data: bytes) -> None:
        print(data.decode(), file=self.file, flush=True)

    def close(self, ctx: Context) -> None:
        if self.file is not sys.stdout:
            self.file.close()


if __name__ == "__main__":
    plugin.start(PluginConfig("mirror", {"settings": Settings}, {"lines": Lines}, {"echo": Echo}))
