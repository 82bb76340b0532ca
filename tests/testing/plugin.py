"""The plugin that the tests of the test tools test."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source


class Counter(Source):
    """Counts; `upto` ends it."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        if conf.get("broken"):
            raise ValueError("no such topic")
        self.name = datasource
        self.upto = conf.get("upto", 1_000_000)
        self.stopped = threading.Event()

    def open(self, ctx: Context) -> None:
        for count in range(self.upto):
            if self.stopped.wait(0.001):
                return
            ctx.emit({"count": count}, {"topic": self.name})
        raise RuntimeError("counted enough")

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class Moody(Source):
    """Emits a row, an error, what cannot be sent, and a row."""

    def open(self, ctx: Context) -> None:
        ctx.emit({"at": datetime.date(2026, 1, 2), "pair": (1, 2)})
        ctx.emit_error("no signal")
        ctx.emit({"what": object()})
        ctx.emit({"last": True})


class Revert(Function):
    """Turns a text around."""

    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else "revert takes one argument"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0][::-1]


class Total(Function):
    """An aggregate, with state per rule."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}

    def exec(self, args: list[Any], ctx: Context) -> Any:
        rule = ctx.get_rule_id()
        self.totals[rule] = self.totals.get(rule, 0) + sum(args[0])
        return self.totals[rule]

    def is_aggregate(self) -> bool:
        return True


class Collect(Sink):
    """Keeps what it gets where tests find it."""

    got: list[tuple[str, Any]]

    def open(self, ctx: Context) -> None:
        self.got = GOT

    def collect(self, ctx: Context, data: bytes) -> None:
        if data == b"bad":
            raise OSError("disk full")
        self.got.append((ctx.get_rule_id(), data))

    def close(self, ctx: Context) -> None:
        self.got.append((ctx.get_rule_id(), None))


class Manual(Sink):
    """Acknowledges two messages at a time."""

    ack = "manual"

    def configure(self, conf: dict[str, Any]) -> None:
        self.waiting = 0

    def collect(self, ctx: Context, data: bytes) -> None:
        self.waiting += 1
        if self.waiting == 2:
            ctx.ack_ok()
            ctx.ack_error("second")


GOT: list[tuple[str, Any]] = []

CONFIG = PluginConfig(
    "tools",
    {"counter": Counter, "moody": Moody},
    {"collect": Collect, "manual": Manual},
    {"revert": Revert, "total": Total},
)
