"""Rows through a plugin at half of what it can, for a long time."""

import json
import os
import time
from collections.abc import Callable

from ..bench.processes import memory_of_tree, threads_of_tree, tree
from .board import Board, new_board
from .hosts import Soaked
from .outcome import Outcome, Sample

__all__ = ["soak"]

_SAMPLES = 120  # in all; each costs some milliseconds
_PROBE = 3.0  # seconds, at most, to find out what it can
_START = 20.0  # seconds until the first row
_STILL = 5.0  # seconds without a row after which none comes any more


def soak(host: Soaked, seconds: float, told: Callable[[str], None]) -> Outcome:
    """Run it; `told` hears how it goes."""
    fastest = _fastest(host, min(_PROBE, seconds / 2))
    rate = fastest / 2
    board = _order(host, rate, seconds)
    samples: list[Sample] = []
    workers = set()
    with host.rule():
        begin = _await_rows(board)
        while (passed := time.monotonic() - begin) < seconds:
            samples.append(_sample(board["supervisor"]))
            workers.add(board["worker"])
            last = samples[-1]
            told(f"{passed:.0f} s, {board['received']:,} rows, {last.memory:.1f} MB")
            time.sleep(min(seconds / _SAMPLES, seconds - passed) if seconds > passed else 0.0)
        _await_end(board)
        workers.add(board["worker"])
        samples.append(_sample(board["supervisor"]))
        sent, received = board["sent"], board["received"]
        lost = sent + board["doubled"] - received
        rows = (sent, received, lost, board["doubled"], board["shifted"])
    return Outcome(host.label, seconds, fastest, rate, *rows, len(workers), samples)


def _fastest(host: Soaked, seconds: float) -> float:
    board = _order(host, 0.0, seconds)
    with host.rule():
        begin = _await_rows(board)
        time.sleep(seconds)
        rate = board["received"] / (time.monotonic() - begin)
        _await_end(board)
    return rate


def _order(host: Soaked, rate: float, seconds: float) -> Board:
    """For the next rule."""
    path = host.orders.with_name(f"board{time.monotonic_ns()}")
    board = new_board(path)
    orders = {"rate": rate, "seconds": seconds, "board": str(path)}
    host.orders.write_text(json.dumps(orders))
    return board


def _await_rows(board: Board) -> float:
    """When the first came."""
    deadline = time.monotonic() + _START
    while not board["received"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no row came within {_START:g} s")
        time.sleep(0.01)
    return time.monotonic()


def _await_end(board: Board) -> None:
    """Until as many came as were sent, or none comes any more."""
    seen, since = (-1, -1), time.monotonic()
    while time.monotonic() - since < _STILL:
        now = board["sent"], board["received"]
        if now != seen:
            seen, since = now, time.monotonic()
        elif now[0] == now[1] and time.monotonic() - since > _STILL / 10:
            return
        time.sleep(0.05)


def _sample(pid: int) -> Sample:
    descriptors = 0
    for one in tree(pid):
        try:
            descriptors += len(os.listdir(f"/proc/{one}/fd"))
        except OSError:
            pass  # it has ended
    return Sample(memory_of_tree(pid, own=True), descriptors, threads_of_tree(pid))
