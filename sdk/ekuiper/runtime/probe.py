"""Where the time of one symbol goes, stamped in the process that it runs in.

For `ekuiper bench`: loaded only where `EKUIPER_PROBE` is `KIND:SYMBOL:FILE`, and then stands
between the runtime and that symbol's channel, and between the runtime and its author's object. What
it finds goes into FILE, mapped into memory, so that nothing is lost when the process is killed.
"""

import mmap
import os
import struct
import threading
from collections.abc import Callable, Iterator
from copy import copy
from itertools import count
from time import perf_counter_ns, thread_time_ns
from types import CoroutineType
from typing import Any, NamedTuple, cast

from ..config import PluginConfig
from ..errors import ConfigError
from ..transport import Pace, Request, Transport
from ..transport.conversing import converse

__all__ = ["VARIABLE", "Lap", "Laps", "probed"]

VARIABLE = "EKUIPER_PROBE"

_KEPT = 1 << 17  # laps; older ones are overwritten
_HEAD = struct.Struct("=q")
_LAP = struct.Struct("=7q")


class Lap(NamedTuple):
    """One call, row or message; nanoseconds."""

    receiving: int
    """In the channel's `recv`, waiting included; 0 for a source."""
    before: int
    """From there to the author's method: decoding."""
    author: int
    """In the author's method; for a source, from one `emit` to the next."""
    cpu: int
    """Of that, the thread was at work."""
    after: int
    """From there to the channel's `send`: encoding. A sink: until it receives again."""
    sending: int
    """In the channel's `send`; 0 for a sink."""
    span: int
    """From the end of receiving to `send`, or to receiving again: more than its parts by what the
    stamps cost."""


class Laps:
    """The file: one writes, another reads meanwhile or afterwards."""

    def __init__(self, path: str) -> None:
        with open(path, "a+b") as file:
            file.truncate(_HEAD.size + _KEPT * _LAP.size)
            self._memory = mmap.mmap(file.fileno(), 0)
        self._numbers = count()

    @property
    def written(self) -> int:
        """How many there were so far."""
        return int(_HEAD.unpack_from(self._memory)[0])

    def add(self, *lap: int) -> None:
        """Write the next one; any thread may."""
        number = next(self._numbers)
        _LAP.pack_into(self._memory, _HEAD.size + number % _KEPT * _LAP.size, *lap)
        _HEAD.pack_into(self._memory, 0, number + 1)

    def read(self, since: int = 0) -> list[Lap]:
        """Those from number `since` on, as far as they are kept."""
        last = self.written
        return list(self._read(max(since, last - _KEPT), last))

    def close(self) -> None:
        """Unmap the file."""
        self._memory.close()

    def _read(self, first: int, last: int) -> Iterator[Lap]:
        for number in range(first, last):
            yield Lap(*_LAP.unpack_from(self._memory, _HEAD.size + number % _KEPT * _LAP.size))


def probed(
    wanted: str, config: PluginConfig, transport: Transport
) -> tuple[PluginConfig, Transport]:
    """Both as they are, but with stamps around what `wanted`, KIND:SYMBOL:FILE, names. Raises
    `ConfigError` for anything else."""
    kind, _, rest = wanted.partition(":")
    name, _, path = rest.partition(":")
    if kind not in _KINDS or not os.path.isabs(path):
        raise ConfigError(VARIABLE, f"must be KIND:SYMBOL:FILE, not {wanted!r}")
    attribute, opener, make = _KINDS[kind]
    stamps = (_StampsOfThreads if kind == "source" else _Stamps)(Laps(path))
    symbols: dict[str, dict[str, Callable[[], Any]]] = {
        each: dict(getattr(config, each)) for each in ("sources", "sinks", "functions")
    }
    factory = symbols[attribute].get(name)
    if factory is not None:
        symbols[attribute][name] = lambda: make(factory(), stamps)
    changed = copy(config)
    for each, factories in symbols.items():
        setattr(changed, each, factories)
    return changed, cast(Transport, _Transport(transport, opener, stamps))


class _Stamps:
    """What was seen last, on the one thread that a function or sink has."""

    def __init__(self, laps: Laps) -> None:
        self.laps = laps
        self.called = False
        self.receiving = self.received = self.sending = 0
        self.reached = self.begun = self.cpu = self.ended = self.resumed = 0

    def begin(self) -> None:
        """The author's method is called."""
        self.reached = perf_counter_ns()
        self.cpu = thread_time_ns()
        self.begun = perf_counter_ns()

    def end(self) -> None:
        """It returned, or raised."""
        self.ended = perf_counter_ns()
        self.cpu = thread_time_ns() - self.cpu
        self.called = True
        self.resumed = perf_counter_ns()

    def lap(self, left: int, sending: int) -> None:
        """The runtime is done with the call since the time `left`."""
        self.called = False
        self.laps.add(
            self.receiving,
            self.reached - self.received,
            self.ended - self.begun,
            self.cpu,
            left - self.resumed,
            sending,
            left - self.received,
        )


class _StampsOfThreads(threading.local, _Stamps):
    """What each thread saw last: a source may emit from several. Slower."""


class _Wrapper:
    """Another object, but for what a subclass says."""

    def __init__(self, inner: Any, stamps: _Stamps) -> None:
        self._inner = inner
        self._stamps = stamps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Transport(_Wrapper):
    def __init__(self, inner: Transport, opener: str, stamps: _Stamps) -> None:
        super().__init__(inner, stamps)
        setattr(self, opener, self._open)
        self._opener = opener

    def _open(self, *args: Any, **options: Any) -> "_Channel":
        return _Channel(getattr(self._inner, self._opener)(*args, **options), self._stamps)


class _Channel(_Wrapper):
    """Any channel: an exchange ends a lap when it sends, an inbox when it receives again."""

    def recv(self, *args: Any, **options: Any) -> bytes:
        stamps, start = self._stamps, perf_counter_ns()
        if stamps.called:
            stamps.lap(start, 0)
        data: bytes = self._inner.recv(*args, **options)
        stamps.received = perf_counter_ns()
        stamps.receiving = stamps.received - start
        return data

    def send(self, *args: Any, **options: Any) -> None:
        stamps, start = self._stamps, perf_counter_ns()
        self._inner.send(*args, **options)
        stamps.sending = perf_counter_ns() - start
        if stamps.called:
            stamps.lap(start, stamps.sending)

    def converse(self, respond: Callable[[bytes], bytes], pace: Pace) -> None:
        """As a `Request` does, by these two."""
        converse(cast(Request, self), respond, pace)


class _Called(_Wrapper):
    """An author's object whose one method is timed."""

    def _timed(self, method: Callable[..., Any], *args: Any) -> Any:
        self._stamps.begin()
        try:
            result = method(*args)
        except BaseException:
            self._stamps.end()
            raise
        if type(result) is CoroutineType:
            return self._awaited(result)
        self._stamps.end()
        return result

    async def _awaited(self, result: Any) -> Any:
        try:
            return await result
        finally:
            self._stamps.end()


class _Function(_Called):
    def exec(self, args: Any, ctx: Any) -> Any:
        return self._timed(self._inner.exec, args, ctx)


class _Sink(_Called):
    def collect(self, ctx: Any, data: Any) -> Any:
        return self._timed(self._inner.collect, ctx, data)


class _Source(_Wrapper):
    """The author's time of a row runs from one `emit` to the next, on each thread."""

    def open(self, ctx: Any) -> Any:
        ctx.emit = _Emit(ctx.emit, self._stamps)
        self._stamps.begin()
        return self._inner.open(ctx)


class _Emit(_Wrapper):
    def __call__(self, *args: Any, **options: Any) -> None:
        stamps = self._stamps
        start, cpu = perf_counter_ns(), thread_time_ns()
        stamps.sending, resumed = 0, perf_counter_ns()
        self._inner(*args, **options)
        if stamps.begun:
            span = perf_counter_ns() - resumed
            author, busy, sending = start - stamps.begun, cpu - stamps.cpu, stamps.sending
            stamps.laps.add(0, 0, author, busy, span - sending, sending, span)
        stamps.begin()


_KINDS: dict[str, tuple[str, str, type[_Wrapper]]] = {
    "function": ("functions", "req", _Function),
    "source": ("sources", "push", _Source),
    "sink": ("sinks", "pull", _Sink),
}
"""By kind: where its factories are, what opens its channel, and what stands before its object."""
