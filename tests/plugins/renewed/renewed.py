"""A source, a function and a sink whose code tells its version: rows of one rule, in order.

The source goes on where it was; a file says how far that is. `MARK` is at the end of each name.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin

VERSION = 1
MARK = ""
HERE = Path(__file__).resolve().parent
RATE = 1000  # rows a second


class Clock(Source):
    """Emits `{"n": 1}`, `{"n": 2}` …"""

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        self.ended = threading.Event()

    def open(self, ctx: Context) -> None:
        with open(HERE / "emitted", "a+b", 0) as file:
            n = int(os.pread(file.fileno(), 20, 0) or 0)
            fd = os.open(HERE / "emitted", os.O_WRONLY)
            due = time.monotonic()
            while not self.ended.wait(max(0.0, due - time.monotonic())):
                n += 1
                ctx.emit({"n": n, "emitted": VERSION})
                os.pwrite(fd, b"%020d" % n, 0)
                due += 1 / RATE
            os.close(fd)

    def close(self, ctx: Context) -> None:
        self.ended.set()


class Stamp(Function):
    """The argument, and which version was asked."""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        return [args[0], VERSION]


class Note(Sink):
    """Writes each message on a line, with the version that did and when."""

    def open(self, ctx: Context) -> None:
        self.file = open(HERE / "noted", "ab", 0)  # noqa: SIM115

    def collect(self, ctx: Context, data: Any) -> None:
        text = data if isinstance(data, bytes) else str(data).encode()
        self.file.write(b"%d %.6f %s\n" % (VERSION, time.monotonic(), text))

    def close(self, ctx: Context) -> None:
        self.file.close()


if __name__ == "__main__":
    plugin.start(
        PluginConfig(
            f"renewed{MARK}",
            sources={f"clock{MARK}": Clock},
            sinks={f"note{MARK}": Note},
            functions={f"stamp{MARK}": Stamp},
        )
    )
