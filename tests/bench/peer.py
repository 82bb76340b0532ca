"""The host's ends of one plugin's data channels, in a process of their own.

A line of JSON each way: `["call", {...}]` is answered by `{"rows": ...}` or `{"error": "..."}`. It
ends when its standard input does, so also when the bench is killed.
"""

import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from ekuiper.transport import sp

from . import loops
from .loops import Figures, Window
from .wire import Line, Listener, dial

__all__ = ["Peer"]

_PROTOCOLS = {"function": sp.REP, "source": sp.PULL, "ack": sp.PULL}


class Peer:
    """Listens, dials, and runs the loops over what is connected. Channels are named by paths."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}
        self._dialled: dict[str, Line] = {}

    def listen(self, kind: str, path: str) -> Figures:
        """Wait for the plugin at `path`, from now on."""
        self._listeners[path] = Listener(path, _PROTOCOLS[kind])
        return {}

    def dial(self, path: str) -> Figures:
        """Connect to a sink."""
        self._dialled[path] = dial(path, sp.PUSH)
        return {}

    def forget(self, path: str) -> Figures:
        """Close what is at `path`."""
        if path in self._listeners:
            self._listeners.pop(path).close()
        if path in self._dialled:
            self._dialled.pop(path).close()
        return {}

    def call(self, path: str, rules: int, size: int, **window: float) -> Figures:
        line = self._listeners[path].line()
        return loops.call(line, loops.questions(rules, size), _window(**window))

    def drain(self, path: str, **window: float) -> Figures:
        return loops.drain(self._listeners[path].line(), _window(**window))

    def feed(self, path: str, size: int, **window: float) -> Figures:
        return loops.feed(self._dialled[path], _message(size), _window(**window))

    def chain(self, source: str, function: str, sink: str, **window: float) -> Figures:
        return loops.chain(
            self._listeners[source].line(),
            self._listeners[function].line(),
            self._dialled[sink],
            _message(0),
            _window(**window),
        )

    def pace(self, path: str, rate: float, **window: float) -> Figures:
        return loops.pace(self._listeners[path].line(), rate, _window(**window))


def _window(pid: float, warm: float, seconds: float) -> Window:
    return Window(int(pid), warm, seconds)


def _message(size: int) -> bytes:
    """What the host's encoder makes of one row for a sink."""
    row = {"n": 1, "name": "x" * (size or 5), "value": 2.5}
    return json.dumps([row], separators=(",", ":")).encode()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bench, which ends this
    peer = Peer()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        method: Callable[..., Any] = getattr(peer, name)
        try:
            answer = method(**arguments)
        except Exception as error:  # whatever it was, the bench tells it in the row
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
