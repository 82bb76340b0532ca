"""A function: calls a second, and the parts of a call."""

from collections.abc import Callable, Sequence
from itertools import cycle
from time import perf_counter_ns
from typing import Any, NamedTuple, cast

from ...errors import CallError, ChannelClosedError, HostError
from ...runtime.probe import Lap
from ...transport import Exchange
from ...transport.ipc import IpcTransport
from ..embedded import FunctionHandle
from .figures import UNSTAMPED, Measured, Timing, part, slower
from .subject import Clock, Interrupt, Limits, Subject

__all__ = ["Arguments", "measure_function"]

Arguments = Callable[[FunctionHandle], Sequence[Sequence[Any]]]
"""What it is called with, in turn; asked once it runs. May raise."""

_WARM = 0.1  # of the time, or count, not to be measured: caches fill, and waits settle
_WARM_CALLS = 2000


class _Call(NamedTuple):
    """One call at the host's end; nanoseconds."""

    whole: int
    wire: int
    """From just before the request was sent to the arrival of the answer."""


def measure_function(subject: Subject, arguments: Arguments, limits: Limits) -> Measured:
    """Call it from one thread, one call after the other, as eKuiper does.

    What author code raises is counted. Raises `HostError` and `CallError` if it does not start.
    """
    warm, timing = Timing(), Timing()
    failures: list[str] = []
    log: tuple[str, ...] = ()
    interrupt = Interrupt()
    with subject.spawn(stamped=False) as spawned:
        handle = spawned.host.function(subject.name)
        given = arguments(handle)
        clock = Clock(limits)
        try:
            with interrupt:
                _warm_up(handle, given, limits, warm)
                clock = Clock(limits)
                _run(handle, given, clock, timing)
        except ChannelClosedError:
            failures.append(spawned.failure or "the channel was closed")
            log = spawned.log
        elapsed, busy = clock.elapsed, clock.busy
    found = timing.faults if timing.faults.count else warm.faults
    second = _Second()
    if not (failures or interrupt.came):
        with interrupt:
            _stamped(subject, given, limits.second(), second, interrupt)
    parts, waiting = _parts(second.calls, second.laps)
    return Measured(
        kind="function",
        name=subject.name,
        unit="call",
        count=timing.latency.count,
        seconds=elapsed,
        rate=timing.latency.count / elapsed,
        p50=timing.latency.p50,
        p99=timing.latency.p99,
        longest=timing.longest if timing.latency.count else None,
        parts=parts,
        stamped=len(second.laps),
        slower=slower(timing.latency.p50, second.timing.latency.p50),
        waiting=waiting,
        host_busy=busy,
        faults=tuple(found.list()),
        errors=found.count,
        failures=tuple(failures),
        log=log,
        interrupted=interrupt.came,
        unexplained=second.unexplained if not (parts or failures or interrupt.came) else None,
    )


def _warm_up(
    handle: FunctionHandle, given: Sequence[Sequence[Any]], limits: Limits, warm: Timing
) -> None:
    """Its times do not count; its errors do where none come later."""
    calls = _WARM_CALLS if limits.count is None else min(_WARM_CALLS, int(limits.count * _WARM))
    _run(handle, given, Clock(Limits(limits.seconds * _WARM, calls)), warm)


def _run(
    handle: FunctionHandle, given: Sequence[Sequence[Any]], clock: Clock, timing: Timing
) -> None:
    turns = cycle(given)
    while not clock.over(timing.latency.count):
        args = next(turns)
        start = perf_counter_ns()
        try:
            handle.exec(*args)
        except CallError as error:
            timing.faults.add(f"call func {handle.name}", error.reason)
        timing.add((perf_counter_ns() - start) / 1e9)


class _Second:
    """What came of the second run."""

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.laps: list[Lap] = []
        self.timing = Timing()
        self.unexplained = UNSTAMPED


def _stamped(
    subject: Subject,
    given: Sequence[Sequence[Any]],
    limits: Limits,
    second: _Second,
    interrupt: Interrupt,
) -> None:
    """The same once more with stamps at both ends."""
    transport = _StampedTransport(subject.settings.max_message, attended=True)
    try:
        with subject.spawn(stamped=True, transport=transport) as spawned:
            handle = spawned.host.function(subject.name)
            assert spawned.laps is not None
            _warm_up(handle, given, limits, Timing())
            handle.is_aggregate()  # answered after the lap of the call before was written
            since = spawned.laps.written
            with interrupt:
                _follow(handle, given, Clock(limits), transport.stamps, second)
            spawned.await_laps(since + len(second.calls))
            second.laps = spawned.laps.read(since)
    except (ChannelClosedError, HostError) as error:
        second.unexplained = f"the second run, with stamps, failed: {error}"


def _follow(
    handle: FunctionHandle,
    given: Sequence[Sequence[Any]],
    clock: Clock,
    stamps: "_Stamps",
    second: _Second,
) -> None:
    calls, turns = second.calls, cycle(given)
    while not clock.over(len(calls)):
        args = next(turns)
        start = perf_counter_ns()
        try:
            handle.exec(*args)
        except CallError:
            pass  # the first run counted them
        whole = perf_counter_ns() - start
        second.timing.add(whole / 1e9)
        calls.append(_Call(whole, stamps.received - stamps.sent))


def _parts(calls: list[_Call], laps: list[Lap]) -> tuple[tuple[Any, ...], float]:
    """Host, wire, codec and author's code, and how much of the last was waiting."""
    kept = min(len(calls), len(laps))
    if not kept:
        return (), 0.0
    both = list(zip(calls[-kept:], laps[-kept:], strict=True))
    whole = sum(call.whole - _stamping(lap) for call, lap in both) / kept
    author = sum(lap.author for _, lap in both)
    parts = (
        part("host", [call.whole - call.wire for call, _ in both], whole),
        part(
            "wire",
            [call.wire - lap.span for call, lap in both],
            whole,
        ),
        part("codec", [lap.before + lap.after for _, lap in both], whole),
        part("your code", [lap.author for _, lap in both], whole),
    )
    return parts, max(0.0, 1 - sum(lap.cpu for _, lap in both) / author) if author else 0.0


def _stamping(lap: Lap) -> int:
    """What the stamps cost that call."""
    return lap.span - lap.before - lap.author - lap.after


class _Stamps:
    sent = 0
    received = 0


class _StampedTransport(IpcTransport):
    """Stamps what passes through its exchanges."""

    def __init__(self, longest: int | None, *, attended: bool) -> None:
        super().__init__(longest, attended=attended)
        self.stamps = _Stamps()

    def rep(self, url: str) -> Any:
        return cast(Exchange, _StampedExchange(super().rep(url), self.stamps))


class _StampedExchange:
    def __init__(self, inner: Exchange, stamps: _Stamps) -> None:
        self._inner = inner
        self._stamps = stamps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __enter__(self) -> "_StampedExchange":
        return self

    def __exit__(self, *error: object) -> None:
        self._inner.close()

    def send(self, data: bytes, timeout: float | None = None) -> None:
        sent = perf_counter_ns()
        self._inner.send(data, timeout)
        self._stamps.sent = sent

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        data = self._inner.recv(timeout, spin=spin)
        self._stamps.received = perf_counter_ns()
        return data
