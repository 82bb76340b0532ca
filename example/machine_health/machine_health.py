"""How a machine is doing: its figures as rows, how unusual they are, and a table that keeps them.

Each class below is the eKuiper side of something that works without it: `figures`, `baseline` and
`table` are ordinary modules.
"""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from typing import Any
from weakref import WeakKeyDictionary

from baseline import Baseline
from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin
from figures import Meter
from table import Table


class Machine(Source):
    """A row of figures every few seconds. DATASOURCE is a folder on the disk to look at."""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.every = float(conf.get("every", 1))
        if self.every <= 0:
            raise ValueError(f"every must be more than 0 seconds, not {self.every:g}")
        self.stopped = threading.Event()
        self.meter = Meter(datasource or "/")
        self.meter.read()  # a folder that does not exist is best found before the rule runs

    def open(self, ctx: Context) -> None:
        while not self.stopped.wait(self.every):
            ctx.emit({"time": datetime.now(timezone.utc), **self.meter.read()})

    def close(self, ctx: Context) -> None:
        self.stopped.set()


class AnomalyScore(Function):
    """How far a number is from what it was lately, in standard deviations: see `Baseline.score`."""

    def __init__(self) -> None:
        # A context stands for one call in one rule; what is learned for it goes when it goes.
        self.baselines: WeakKeyDictionary[Context, Baseline] = WeakKeyDictionary()

    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else "anomaly_score takes one number, as in anomaly_score(cpu)"

    def exec(self, args: list[Any], ctx: Context) -> float | None:
        baseline = self.baselines.setdefault(ctx, Baseline())
        return None if args[0] is None else baseline.score(float(args[0]))


class P95(Function):
    """The smallest value that at least 95 % of a window's values do not exceed (nearest rank)."""

    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else "p95 takes one column, as in p95(cpu)"

    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> float | None:
        values = sorted(value for value in args[0] or [] if isinstance(value, (int, float)))
        return values[math.ceil(len(values) * 95 / 100) - 1] if values else None


class Sqlite(Sink):
    """Rows into a table of an SQLite database, one transaction per message."""

    def configure(self, conf: dict[str, Any]) -> None:
        if "path" not in conf:
            raise ValueError("the sqlite action needs a path: the database file")
        self.path, self.name = conf["path"], conf.get("table", "results")
        self.opened = ExitStack()

    def open(self, ctx: Context) -> None:
        self.table = self.opened.enter_context(closing(Table(self.path, self.name)))

    def collect(self, ctx: Context, data: bytes) -> None:
        self.table.insert(list(rows(json.loads(data))))

    def close(self, ctx: Context) -> None:
        self.opened.close()


def rows(message: Any) -> Iterator[dict[str, Any]]:
    """The rows of a message: one with `sendSingle`, else a list of them, nested by `batchSize`."""
    if isinstance(message, list):
        for item in message:
            yield from rows(item)
    elif isinstance(message, dict):
        yield message
    else:
        raise ValueError(f"a row must be an object, not {message!r}; see the action's dataTemplate")


config = PluginConfig(
    "machine_health",
    sources={"machine": Machine},
    sinks={"sqlite": Sqlite},
    functions={"anomaly_score": AnomalyScore, "p95": P95},
)

if __name__ == "__main__":
    plugin.start(config)
