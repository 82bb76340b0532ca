"""A plugin on threads of this process, on a host that runs rule files."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ekuiper import Context, Function, PluginConfig, Sink, Source
from ekuiper.bundle.manifest import Manifest
from ekuiper.host.embedded import Host, Settings
from ekuiper.host.embedded.rules import Rules, read_folder
from ekuiper.testing.launcher import PluginThread
from ekuiper.transport.memory import MemoryTransport

DEADLINE = 10.0


class Lab:
    """What the symbols of one plugin saw, by their names; and the folder of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str, Any]] = []
        self.configs: list[dict[str, Any]] = []
        self.datasources: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.messages: list[str] = []
        self.came = threading.Condition()

    def stream(self, name: str = "demo", options: str = 'TYPE="emit"', columns: str = "") -> None:
        """Write the file of a stream."""
        path = self.folder / "streams" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"CREATE STREAM {name} ({columns}) WITH ({options});")

    def rule(
        self,
        sql: str,
        *actions: dict[str, Any],
        name: str = "r1",
        options: dict[str, Any] | None = None,
        **more: Any,
    ) -> Path:
        """Write the file of a rule."""
        path = self.folder / "rules" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        rule = {"id": name, "sql": sql, "actions": list(actions) or [{"nop": {}}], **more}
        path.write_text(json.dumps({**rule, "options": options or {}}, indent=1))
        return path

    def told(self, count: int) -> list[str]:
        """The messages that the sink got, as soon as there are `count`."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.messages) >= count, DEADLINE), self.messages
            return list(self.messages)

    def manifest(self) -> Manifest:
        config = self.config()
        return Manifest(
            name="lab",
            version="1",
            language="python",
            executable="lab.py",
            virtual_env_type=None,
            env=None,
            sources=tuple(config.sources),
            sinks=tuple(config.sinks),
            functions=tuple(config.functions),
        )

    def config(self) -> PluginConfig:
        functions = {
            "twice": partial(_Twice, self, "twice"),
            "total": partial(_Total, self, "total"),
            "picky": partial(_Picky, self, "picky"),
        }
        return PluginConfig(
            "lab", {"emit": partial(_Emit, self)}, {"keep": partial(_Keep, self)}, functions
        )


class _Twice(Function):
    """Doubles; raises for 13."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self._name = name

    def is_aggregate(self) -> bool:
        self._lab.asked.append((self._name, "aggregate", None))
        return False

    def validate(self, args: list[Any]) -> str:
        self._lab.asked.append((self._name, "validate", args))
        return ""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        if args[0] == 13:
            raise ValueError("unlucky")
        self._lab.asked.append((self._name, "exec", args))
        return None if args[0] is None else args[0] * 2


class _Total(_Twice):
    """Adds a window's values up."""

    def is_aggregate(self) -> bool:
        super().is_aggregate()
        return True

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return sum(args[0])


class _Picky(_Twice):
    """Takes no arguments."""

    def validate(self, args: list[Any]) -> str:
        super().validate(args)
        return "picky takes no arguments" if args else ""


class _Emit(Source):
    """Emits the rows of the lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._closed = threading.Event()

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self._lab.datasources.append(datasource)
        self._lab.configs.append(dict(conf))

    def open(self, ctx: Context) -> None:
        for row in self._lab.rows:
            if "error" in row:
                ctx.emit_error(row["error"])
            else:
                ctx.emit(row, {"topic": "t"})
        self._closed.wait()

    def close(self, ctx: Context) -> None:
        self._closed.set()


class _Keep(Sink):
    """Keeps messages."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def configure(self, conf: dict[str, Any]) -> None:
        self._lab.configs.append(dict(conf))

    def collect(self, ctx: Context, data: Any) -> None:
        with self._lab.came:
            self._lab.messages.append(bytes(data).decode())
            self._lab.came.notify_all()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def run(lab: Lab) -> Iterator[Callable[..., Rules]]:
    """Run the files of the lab on a plugin; all is stopped after the test."""
    hosts: list[Host] = []
    started: list[Rules] = []

    def run(settings: Settings | None = None, **options: Any) -> Rules:
        host = Host(
            lab.manifest(),
            settings=settings or Settings(),
            directory="/memory",
            launcher=partial(PluginThread, lab.config()),
            transport=MemoryTransport(),
        )
        hosts.append(host)
        rules = Rules(host.start(), read_folder(lab.folder), **options)
        started.append(rules)
        return rules.start()

    yield run
    for rules in started:
        rules.stop()
    for host in hosts:
        host.close()
