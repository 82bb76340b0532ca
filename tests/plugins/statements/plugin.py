"""What the table of statements needs: a source of given rows, and functions that show what a host
tells them.

It is installed under a name that ends in `_<mark>`, and so do its symbols: the sockets of all hosts
on a machine may share one folder. `rows.json` beside it has the rows by the name of their set.
"""

import json
import threading
import time
from pathlib import Path
from typing import Any

from ekuiper import Context, Function, PluginConfig, Source, plugin

HERE = Path(__file__).resolve().parent
VALIDATED: dict[str, list[Any]] = {}  # what `nodes` was asked about, by its first argument


class Rows(Source):
    """Emits the rows of the set that DATASOURCE names, then waits. After `name@second` it begins
    early in a second, so that they are all of one."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        name, _, self._when = datasource.partition("@")
        self._rows = json.loads((HERE / "rows.json").read_text("utf-8"))[name]

    def open(self, ctx: Context) -> None:
        while self._when and not 0.1 < time.time() % 1 < 0.3 and not self._closed.wait(0.02):
            pass
        for row in self._rows:
            ctx.emit(row, {"origin": "table"})
        self._closed.wait()

    def close(self, ctx: Context) -> None:
        self._closed.set()


class Echo(Function):
    """Returns its argument."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0]


class Add(Function):
    """Adds its arguments."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return sum(args)


class Kinds(Function):
    """Returns the Python types of its arguments."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return [type(arg).__name__ for arg in args]


class Nothing(Function):
    """Returns NULL."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return None


class Boom(Function):
    """Raises for 3."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == 3:
            raise ValueError("no threes")
        return args[0]


class Nodes(Function):
    """Returns the syntax tree that `validate` was told; the first argument tells calls apart."""

    def validate(self, args: list[Any]) -> str:
        VALIDATED[args[0]["Val"]] = args[1:]
        return ""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return VALIDATED[args[0]]


class Place(Function):
    """Returns the node and the number of the call."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return ctx.get_op_id()


class Gather(Function):
    """An aggregate that returns what it was given."""

    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args


class Spread(Function):
    """An aggregate: the greatest less the least."""

    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        numbers = [value for value in args[0] if value is not None]
        return max(numbers) - min(numbers) if numbers else None


FUNCTIONS = {
    "echo": Echo,
    "add": Add,
    "kinds": Kinds,
    "nothing": Nothing,
    "boom": Boom,
    "nodes": Nodes,
    "place": Place,
    "gather": Gather,
    "spread": Spread,
}


def config(name: str) -> PluginConfig:
    """The plugin as installed under `name`."""
    mark = name.rpartition("_")[2]
    functions = {f"{function}_{mark}": factory for function, factory in FUNCTIONS.items()}
    return PluginConfig(name, {f"rows_{mark}": Rows}, {}, functions)


if __name__ == "__main__":
    plugin.start(config(HERE.name))
