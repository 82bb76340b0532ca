"""The plugin of the soak: numbered rows from a source, through a function, to a sink that counts.

`task.json` beside it says where `orders.json` is, which each rule is told by, and the mark that its
names end in.
"""

import json
import os
import threading
import time

from board import Board

from ekuiper import Function, PluginConfig, Sink, Source, plugin

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "task.json")) as file:
    TASK = json.load(file)


def orders():
    """Rows a second (0: as many as can be), for how many seconds, and the board to count on."""
    with open(TASK["orders"]) as file:
        found = json.load(file)
    return found["rate"], found["seconds"], Board(found["board"])


class Numbers(Source):
    """0, 1, 2 … for so long, then nothing."""

    def configure(self, datasource, conf):
        self.closed = threading.Event()

    def open(self, ctx):
        rate, seconds, board = orders()
        board["worker"], board["supervisor"] = os.getpid(), os.getppid()
        number, begin = 0, time.monotonic()
        while not self.closed.is_set() and (passed := time.monotonic() - begin) < seconds:
            due = passed * rate if rate else number + 50
            while number < due:
                ctx.emit({"n": number})
                number += 1
                board["sent"] = number
            if rate:
                self.closed.wait(0.002)
        self.closed.wait()

    def close(self, ctx):
        self.closed.set()


class Same(Function):
    def exec(self, args, ctx):
        return args[0]


class Check(Sink):
    """Each number is the next one, and was the function's own."""

    def open(self, ctx):
        self.board = orders()[2]
        self.expected = 0

    def collect(self, ctx, data):
        rows = json.loads(data)
        for row in rows if isinstance(rows, list) else [rows]:
            self.count(row["n"], row["m"])

    def count(self, number, same):
        board = self.board
        board["received"] += 1
        if same != number:
            board["shifted"] += 1
        if number < self.expected:
            board["doubled"] += 1
            return
        board["lost"] += number - self.expected
        self.expected = number + 1


if __name__ == "__main__":
    mark = TASK["mark"]
    symbols = {f"numbers{mark}": Numbers}, {f"check{mark}": Check}, {f"same{mark}": Same}
    plugin.start(PluginConfig(f"soak{mark}", *symbols))
