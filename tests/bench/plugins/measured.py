"""The plugin that is measured, the same file on this package and on the official one.

Its names end in BENCH_MARK, so that nothing of it meets on the machine-wide sockets.
"""

import os
import threading
import time

from ekuiper import Function, PluginConfig, Sink, Source, plugin

MARK = os.environ["BENCH_MARK"]

LATE = 0.02  # seconds that are made up for


class Constant(Function):
    """What costs an author next to nothing."""

    def validate(self, args):
        return ""

    def is_aggregate(self):
        return False

    def exec(self, args, ctx):
        return args[0]


class Length(Constant):
    def exec(self, args, ctx):
        return len(args[0])


class Numbers(Source):
    """One row again and again: `size` characters of text in it, `rows` 0 for none, `rate` and
    `rows` for so many a second until there were so many."""

    def configure(self, datasource, conf):
        self.row = {"n": 1, "name": "x" * int(conf.get("size", 5)), "value": 2.5}
        self.rows = int(conf.get("rows", -1))
        self.rate = float(conf.get("rate", 0))
        self.closed = threading.Event()

    def open(self, ctx):
        if self.rows < 0:
            while not self.closed.is_set():
                ctx.emit(self.row, None)
        elif self.rate:
            self.keep_pace(ctx)
        self.closed.wait()

    def keep_pace(self, ctx):
        """A millisecond's rows each millisecond; what is late does not come in a rush."""
        step = max(1, round(self.rate / 1000))
        due = time.monotonic()
        for first in range(0, self.rows, step):
            for _ in range(first, min(first + step, self.rows)):
                ctx.emit(self.row, None)
            now = time.monotonic()
            due = max(due + step / self.rate, now - LATE)
            self.closed.wait(max(0.0, due - now))

    def close(self, ctx):
        self.closed.set()


class Drop(Sink):
    def configure(self, conf):
        pass

    def open(self, ctx):
        pass

    def collect(self, ctx, data):
        pass

    def close(self, ctx):
        pass


def functions():
    """The three that are called, and as many more as shall be declared."""
    more = range(int(os.environ.get("BENCH_FUNCTIONS", "0")))
    named = {"echo": Constant, "hot": Constant, "length": Length}
    named.update((f"more{number}", Constant) for number in more)
    return {f"{name}{MARK}": kind for name, kind in named.items()}


def config():
    sources, sinks = {f"numbers{MARK}": Numbers}, {f"drop{MARK}": Drop}
    return PluginConfig(f"bench{MARK}", sources, sinks, functions())


if __name__ == "__main__":
    plugin.start(config())
