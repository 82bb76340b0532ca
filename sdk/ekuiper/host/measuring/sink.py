"""A sink: rows a second, and the parts of a message."""

import threading
from collections.abc import Sequence
from itertools import cycle

from ...errors import ChannelClosedError, EkuiperError, HostError
from ...runtime.probe import Lap
from ..embedded import SinkHandle
from ..embedded.counters import Faults
from ..embedded.streams import requires_ack
from .figures import UNSTAMPED, Measured, Part, part, slower
from .subject import Clock, Interrupt, Limits, Spawned, Subject

__all__ = ["measure_sink"]

_UNDER_WAY = 64  # messages not yet acknowledged, at most
_PATIENCE = 5.0  # seconds for an ack


class _Run:
    """What went in, in one run."""

    def __init__(self) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.elapsed = self.busy = 0.0
        self.faults = Faults()
        self.failure: str | None = None
        self.log: tuple[str, ...] = ()
        self.laps: list[Lap] = []


def measure_sink(
    subject: Subject, messages: Sequence[bytes], rows: int, limits: Limits
) -> Measured:
    """Give it `messages` of `rows` rows each, in turn, as fast as it acknowledges them.

    It is asked for acks, since a host hears of nothing else. Failures are counted. Raises
    `HostError` if it does not start.
    """
    interrupt = Interrupt()
    run = _run(subject, messages, limits, interrupt, stamped=False)
    again = _Run()
    complete = not (run.failure or interrupt.came)
    if complete:
        again = _again(subject, messages, limits.second(), interrupt)
    parts, waiting = _parts(again.laps)
    collect = parts[2] if parts else None
    rate = run.acknowledged / run.elapsed if run.elapsed else 0.0
    after = again.acknowledged / again.elapsed if again.elapsed else 0.0
    return Measured(
        kind="sink",
        name=subject.name,
        unit="row",
        count=run.acknowledged * rows,
        seconds=run.elapsed,
        rate=rate * rows,
        p50=collect.p50 if collect is not None else None,
        p99=collect.p99 if collect is not None else None,
        longest=max(lap.author for lap in again.laps) / 1e9 if again.laps else None,
        parts=parts,
        stamped=len(again.laps),
        slower=slower(1 / rate, 1 / after) if rate and after else None,
        waiting=waiting,
        host_busy=run.busy,
        faults=tuple(run.faults.list()),
        errors=run.faults.count,
        failures=(run.failure,) if run.failure else (),
        log=run.log,
        interrupted=interrupt.came,
        unexplained=_unexplained(again) if complete and not interrupt.came else None,
    )


def _again(
    subject: Subject, messages: Sequence[bytes], limits: Limits, interrupt: Interrupt
) -> _Run:
    run = _Run()
    with interrupt:
        try:
            run = _run(subject, messages, limits, interrupt, stamped=True)
        except HostError as error:
            run.failure = str(error)
    return run


def _unexplained(again: _Run) -> str | None:
    if again.laps:
        return None
    if again.failure:
        return f"the second run, with stamps, failed: {again.failure}"
    return UNSTAMPED


def _run(
    subject: Subject,
    messages: Sequence[bytes],
    limits: Limits,
    interrupt: Interrupt,
    *,
    stamped: bool,
) -> _Run:
    run = _Run()
    asked = {} if requires_ack(subject.config) else {"requireAck": True}
    with subject.spawn(stamped=stamped) as spawned:
        sink = spawned.host.sink(subject.name, config={**subject.config, **asked})
        room = threading.Semaphore(_UNDER_WAY)
        reader = threading.Thread(
            target=_read_acks, args=(sink, run, room), name="ekuiper-bench-acks", daemon=True
        )
        reader.start()
        clock = Clock(limits)
        try:
            with interrupt:
                _send(sink, messages, clock, run, room)
        except ChannelClosedError:
            run.failure = spawned.failure or "the channel was closed"
            run.log = spawned.log
        except EkuiperError as error:
            run.failure = spawned.failure or str(error)
            run.log = spawned.log
        run.elapsed, run.busy = clock.elapsed, clock.busy
        if run.failure is None and not interrupt.came:
            run.failure = _ended(spawned, run)
        if spawned.laps is not None:
            spawned.await_laps(run.acknowledged)
            run.laps = spawned.laps.read()
    return run


def _send(
    sink: SinkHandle,
    messages: Sequence[bytes],
    clock: Clock,
    run: _Run,
    room: threading.Semaphore,
) -> None:
    turns = cycle(messages)
    while not clock.over(run.sent) and room.acquire(timeout=_PATIENCE):
        sink.post(next(turns))
        run.sent += 1
    for _ in range(_UNDER_WAY):  # all room is free again when all is acknowledged
        if run.acknowledged >= run.sent or not room.acquire(timeout=_PATIENCE):
            break


def _ended(spawned: Spawned, run: _Run) -> str | None:
    failure = spawned.failure
    if failure is not None:
        run.log = spawned.log
    elif run.acknowledged < run.sent:
        missing = run.sent - run.acknowledged
        failure = f"{missing} of {run.sent} messages not acknowledged after {_PATIENCE:g} s"
    return failure


def _read_acks(sink: SinkHandle, run: _Run, room: threading.Semaphore) -> None:
    try:
        while True:
            error = sink.ack().error
            if error is not None:
                run.faults.add(f"sink {sink.name}", error)
            run.acknowledged += 1
            room.release()
    except EkuiperError:
        pass  # stopped


def _parts(laps: list[Lap]) -> tuple[tuple[Part, ...], float]:
    """Where the time of a message went in the plugin's process."""
    if not laps:
        return (), 0.0
    whole = sum(lap.receiving + lap.before + lap.author + lap.after for lap in laps) / len(laps)
    author = sum(lap.author for lap in laps)
    parts = (
        part("wire", [lap.receiving for lap in laps], whole),
        part("codec", [lap.before + lap.after for lap in laps], whole),
        part("your code", [lap.author for lap in laps], whole),
    )
    return parts, max(0.0, 1 - sum(lap.cpu for lap in laps) / author) if author else 0.0
