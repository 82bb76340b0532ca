"""A source: rows a second, and the parts of a row."""

from time import perf_counter

from ...errors import ChannelClosedError, ChannelTimeoutError, HostError
from ...protocol.messages import SourceError
from ..embedded import SourceHandle
from ..embedded.counters import Faults
from .figures import UNSTAMPED, Measured, Part, part, slower
from .subject import Clock, Interrupt, Limits, Spawned, Subject

__all__ = ["measure_source"]

_FEW = 2  # rows: on another thread than the one that opened it, the first has no lap


class _Run:
    """What came in one run."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0
        self.elapsed = self.busy = 0.0
        self.faults = Faults()
        self.failure: str | None = None
        self.log: tuple[str, ...] = ()
        self.parts: tuple[Part, ...] = ()
        self.waiting = 0.0
        self.laps = 0

    @property
    def rate(self) -> float:
        """From the first row to the last."""
        return (self.count - 1) / (self.last - self.first) if self.last > self.first else 0.0


def measure_source(subject: Subject, limits: Limits) -> Measured:
    """Take its rows as fast as they come.

    Errors it sends are counted. Raises `HostError` if it does not start.
    """
    interrupt = Interrupt()
    run = _run(subject, limits, interrupt, stamped=False)
    again = _Run()
    complete = bool(run.count) and not (run.failure or interrupt.came)
    if complete:
        again = _again(subject, limits.second(), interrupt)
    return Measured(
        kind="source",
        name=subject.name,
        unit="row",
        count=run.count,
        seconds=run.elapsed,
        rate=run.rate,
        p50=None,
        p99=None,
        longest=None,
        parts=again.parts,
        stamped=again.laps,
        slower=slower(1 / run.rate, 1 / again.rate) if run.rate and again.rate else None,
        waiting=again.waiting,
        host_busy=run.busy,
        faults=tuple(run.faults.list()),
        errors=run.faults.count,
        failures=(run.failure,) if run.failure else (),
        log=run.log,
        interrupted=interrupt.came,
        unexplained=(
            _unexplained(again, limits.second()) if complete and not interrupt.came else None
        ),
    )


def _again(subject: Subject, limits: Limits, interrupt: Interrupt) -> _Run:
    run = _Run()
    with interrupt:
        try:
            run = _run(subject, limits, interrupt, stamped=True)
        except HostError as error:
            run.failure = str(error)
    return run


def _unexplained(again: _Run, limits: Limits) -> str | None:
    if again.parts:
        return None
    if again.failure:
        return f"the second run, with stamps, failed: {again.failure}"
    if again.count < _FEW:
        came = "one row" if again.count else "no row"
        short = f"the second run, of {limits.seconds:g} s, was too short: {came} came"
        return f"{short}; give it more, with --for"
    return UNSTAMPED


def _run(subject: Subject, limits: Limits, interrupt: Interrupt, *, stamped: bool) -> _Run:
    run = _Run()
    config = dict(subject.config)
    datasource = str(config.pop("datasource", ""))
    with subject.spawn(stamped=stamped) as spawned:
        source = spawned.host.source(subject.name, datasource=datasource, config=config)
        clock = Clock(limits)
        try:
            with interrupt:
                _receive(source, clock, run)
        except ChannelTimeoutError:
            pass  # the time is over
        except ChannelClosedError:
            run.failure = spawned.failure or "the channel was closed"
            run.log = spawned.log
        run.elapsed, run.busy = clock.elapsed, clock.busy
        if stamped:
            _explain(run, spawned)
    return run


def _receive(source: SourceHandle, clock: Clock, run: _Run) -> None:
    while not clock.over(run.count):
        item = source.recv(clock.left)
        if isinstance(item, SourceError):
            run.faults.add(f"source {source.name}", item.text)
            continue
        run.last = perf_counter()
        run.first = run.first or run.last
        run.count += 1


def _explain(run: _Run, spawned: Spawned) -> None:
    """Where the time of a row went in the plugin's process."""
    assert spawned.laps is not None
    laps = spawned.laps.read()
    if not laps:
        return
    run.laps = len(laps)
    whole = sum(lap.author + lap.after + lap.sending for lap in laps) / len(laps)
    author = sum(lap.author for lap in laps)
    run.waiting = max(0.0, 1 - sum(lap.cpu for lap in laps) / author) if author else 0.0
    run.parts = (
        part("wire", [lap.sending for lap in laps], whole),
        part("codec", [lap.after for lap in laps], whole),
        part("your code", [min(lap.cpu, lap.author) for lap in laps], whole),
        part("waiting", [max(0, lap.author - lap.cpu) for lap in laps], whole),
    )
