"""What a host does with a plugin, in its simplest form: call, drain, feed, or all of it in a row.

Each loop warms up, then takes figures for a window. What is sent was encoded before.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import quantiles
from typing import Any

from ekuiper.protocol.codec import decode_reply, encode_call
from ekuiper.protocol.messages import Call, CallContext
from ekuiper.transport import sp

from .processes import cpu_of_tree
from .wire import Line

__all__ = ["Window", "call", "chain", "drain", "feed", "pace", "questions"]

_WRITE = 40_000  # bytes of small messages in one write
_BUFFER = 1024  # rows that a node of a rule keeps by default
_ROOM = 1 << 20

Figures = dict[str, float]


class Window:
    """The `seconds` in which figures are taken, after a warm-up; process `pid` is the plugin."""

    def __init__(self, pid: int, warm: float, seconds: float) -> None:
        self._pid = pid
        self._warm = warm
        self.seconds = seconds

    @contextmanager
    def measuring(self, figures: Figures) -> Iterator[float]:
        """Within, figures are taken; yields when it ends."""
        plugin, host, begin = cpu_of_tree(self._pid), time.process_time(), time.perf_counter()
        yield begin + self.seconds
        figures["seconds"] = time.perf_counter() - begin
        figures["host_cpu"] = time.process_time() - host
        figures["plugin_cpu"] = cpu_of_tree(self._pid) - plugin

    def run(self, step: Callable[[], int]) -> Figures:
        """Call `step` until the end; it tells how many rows it took."""
        clock = time.perf_counter
        end = clock() + self._warm
        while clock() < end:
            step()
        figures: Figures = {}
        rows = 0
        with self.measuring(figures) as end:
            while clock() < end:
                rows += step()
        figures["rows"] = rows
        return figures


def questions(rules: int, size: int) -> list[bytes]:
    """One `Exec` for each rule, with a number, or a text of `size` bytes."""
    argument: Any = "x" * size if size else 1
    places = [CallContext(f"rule{number}", "2_project", 0, 0) for number in range(rules)]
    return [encode_call(Call("Exec", [argument], place)) for place in places]


def call(line: Line, asked: Sequence[bytes], window: Window) -> Figures:
    """Ask one question after the other; with the median latency, in microseconds."""
    times: list[int] = []
    turn = 0
    answer = b""

    def one() -> int:
        nonlocal turn, answer
        turn += 1
        question = asked[turn % len(asked)]
        begin = time.perf_counter_ns()
        answer = line.ask(question)
        times.append(time.perf_counter_ns() - begin)
        return 1

    figures = window.run(one)
    _check(answer)
    inside = times[-int(figures["rows"]) :]
    cuts = quantiles(inside, n=100) if len(inside) > 1 else [inside[0]] * 99
    return {**figures, "p50": cuts[49] / 1000, "p99": cuts[98] / 1000}


def drain(line: Line, window: Window) -> Figures:
    """Take what a source sends; all its rows have the same size."""
    each = len(sp.frame_head(0)) + len(line.frame())
    room = bytearray(_ROOM)
    size = 0

    def some() -> int:
        nonlocal size
        got = line.socket.recv_into(room)
        if not got:
            raise ConnectionError("the source has closed the connection")
        size += got
        return got

    figures = window.run(some)
    return {**figures, "rows": figures["rows"] / each}


def feed(line: Line, message: bytes, window: Window) -> Figures:
    """Send as many messages as a sink takes."""
    frame = sp.frame_head(len(message)) + message
    count = max(1, _WRITE // len(frame))
    batch = frame * count

    def some() -> int:
        line.socket.sendall(batch)
        return count

    return window.run(some)


def chain(source: Line, function: Line, sink: Line, message: bytes, window: Window) -> Figures:
    """A row from the source, a call of the function, a message to the sink, and again."""
    (question,) = questions(1, 0)
    frame = sp.frame_head(len(message)) + message

    def one() -> int:
        source.frame()
        function.ask(question)
        sink.socket.sendall(frame)
        return 1

    return window.run(one)


def pace(line: Line, rate: float, window: Window) -> Figures:
    """Call for rows that come at `rate` through a rule's buffer, which drops its oldest when full;
    with the share of rows lost."""
    (question,) = questions(1, 0)
    figures: Figures = {}
    taken = lost = 0
    clock = time.perf_counter
    with window.measuring(figures) as end:
        begin = end - window.seconds
        while (now := clock()) < end:
            come = int((now - begin) * rate)
            if come <= taken:
                time.sleep(max(0.0, begin + (taken + 1) / rate - now))
                continue
            dropped = max(0, come - taken - _BUFFER)
            lost += dropped
            taken += dropped + 1
            answer = line.ask(question)
    _check(answer)
    return {**figures, "rows": taken - lost, "lost": 100 * lost / taken}


def _check(answer: bytes) -> None:
    reply = decode_reply(answer)
    if not reply.state:
        raise ConnectionError(f"the function failed: {reply.result}")
