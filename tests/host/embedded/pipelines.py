"""A plugin in this process for the tests of pipelines."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from queue import Queue
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source
from ekuiper.bundle.manifest import Manifest
from ekuiper.host.embedded import Host, Settings
from ekuiper.testing.launcher import PluginThread
from ekuiper.transport.memory import MemoryTransport

DEADLINE = 10.0


class Feeder(Source):
    """Emits what a test puts into `queue`: rows, errors as text."""

    def __init__(self, queue: "Queue[Any]") -> None:
        self.queue = queue
        self.conf: dict[str, Any] = {}

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.conf = {"datasource": datasource, "color": conf.get("color")}

    def open(self, ctx: Context) -> None:
        while (item := self.queue.get()) is not None:
            if isinstance(item, str):
                ctx.emit_error(item)
            else:
                ctx.emit({**item, **self.conf} if self.conf["color"] else item)

    def close(self, ctx: Context) -> None:
        self.queue.put(None)


class Keeper(Sink):
    """Keeps what it is given; waits for `gate` first, and refuses what is "bad"."""

    def __init__(self, kept: list[Any], busy: threading.Event, gate: threading.Event) -> None:
        self.kept = kept
        self.busy = busy
        self.gate = gate

    def configure(self, conf: dict[str, Any]) -> None:
        self.kept.append(dict(conf))

    def collect(self, ctx: Context, data: bytes) -> None:
        self.busy.set()
        self.gate.wait(DEADLINE)
        if b"bad" in data:
            raise ValueError("bad row")
        self.kept.append(json.loads(data))


class Double(Function):
    def validate(self, args: list[Any]) -> str:
        return "" if len(args) == 1 else f"double takes one argument, not {len(args)}"

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return None if args[0] is None else args[0] * 2


class Echo(Function):
    """Returns its arguments, and where it was called from."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return [*args, ctx.get_rule_id(), ctx.get_op_id()]


class Total(Function):
    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return sum(value for value in args[0] if value is not None)


class Given(Function):
    """An aggregate that returns what it was given."""

    def is_aggregate(self) -> bool:
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args


class Rig:
    """A started host and the ends of its plugin."""

    def __init__(self) -> None:
        self.queue: Queue[Any] = Queue()
        self.kept: list[Any] = []
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()
        self.config = PluginConfig(
            "rig",
            {"feeder": lambda: Feeder(self.queue)},
            {"keeper": lambda: Keeper(self.kept, self.busy, self.gate)},
            {"double": Double, "echo": Echo, "total": Total, "given": Given},
        )

    @contextmanager
    def host(self, **settings: Any) -> Iterator[Host]:
        manifest = Manifest(
            name="rig",
            version="1",
            language="python",
            executable="rig.py",
            virtual_env_type=None,
            env=None,
            sources=tuple(self.config.sources),
            sinks=tuple(self.config.sinks),
            functions=tuple(self.config.functions),
        )
        host = Host(
            manifest,
            settings=Settings(init_timeout=DEADLINE, control_timeout=DEADLINE, **settings),
            directory="/memory",
            launcher=partial(PluginThread, self.config),
            transport=MemoryTransport(),
        )
        with host:
            yield host
