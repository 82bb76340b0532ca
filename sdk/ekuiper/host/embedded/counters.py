"""What a pipeline counts while it runs."""

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

__all__ = ["Counters", "Fault", "Faults", "FunctionCounters", "Latency", "location"]

_STEPS = 5  # 2**5 steps from one power of two to the next: less than 2 % off
_LONGEST = 1 << 42  # nanoseconds, a bit over an hour; longer ones count as that
_VALUE = re.compile(r"\b(float64|int64|int|string|bool)\([^()]*\)")  # as eKuiper shows them
_LOCATION = re.compile(r"[\w.+-]+\.\w+:\d+")


class Latency:
    """Durations, of which only how many fell into each of some thousand steps is kept.

    The steps are as wide as they are high, so every percentile is right within 2 %, from
    nanoseconds to an hour. One thread adds, any thread reads.
    """

    def __init__(self) -> None:
        self._steps = [0] * (_step(_LONGEST) + 1)
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._steps[_step(min(max(0, int(seconds * 1e9)), _LONGEST))] += 1
        self.count += 1

    def percentile(self, percent: float) -> float | None:
        """The duration, in seconds, that `percent` of all do not exceed; None where there are
        none."""
        steps = list(self._steps)
        wanted = max(1.0, sum(steps) * percent / 100)
        seen = 0
        for step, count in enumerate(steps):
            seen += count
            if count and seen >= wanted:
                return _middle(step) / 1e9
        return None

    @property
    def p50(self) -> float | None:
        """The median, in seconds."""
        return self.percentile(50)

    @property
    def p99(self) -> float | None:
        """The 99th percentile, in seconds."""
        return self.percentile(99)


def _step(value: int) -> int:
    shift = max(0, value.bit_length() - _STEPS - 1)
    return (shift << _STEPS) + (value >> shift)


def _middle(step: int) -> float:
    shift = max(0, (step >> _STEPS) - 1)
    low = (step - (shift << _STEPS)) << shift
    return low + ((1 << shift) - 1) / 2


@dataclass(frozen=True)
class Fault:
    """One mistake, however often it happened: `text` is its latest wording."""

    where: str
    """Which part failed, such as "source machine"."""
    text: str
    count: int
    last: float
    """When it last happened (`time.time`)."""

    @property
    def location(self) -> str:
        """`file.py:12` where the text names it, else ""."""
        return location(self.text)

    @property
    def kind(self) -> tuple[str, str]:
        """The same for mistakes that are one: on one line of code, or but for the values of a row
        in one wording."""
        return (self.where, self.location or _VALUE.sub(r"\1(…)", self.text))


class Faults:
    """The mistakes of a pipeline, those of one kind as one. Any thread may use it."""

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str], Fault] = OrderedDict()
        self.count = 0

    def add(self, where: str, text: str) -> None:
        """Count one."""
        fault = Fault(where, text, 1, time.time())
        key = fault.kind
        with self._lock:
            self.count += 1
            before = self._found.pop(key, None)
            times = before.count + 1 if before is not None else 1
            self._found[key] = replace(fault, count=times)
            if len(self._found) > self._most:
                self._found.popitem(last=False)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self.count = 0
            self._found.clear()

    def list(self) -> "list[Fault]":
        """The mistakes, the one that happened last at the end."""
        with self._lock:
            return list(self._found.values())


def location(text: str) -> str:
    """The last `file.py:12` in the text, or ""."""
    found: list[str] = _LOCATION.findall(text)
    return found[-1] if found else ""


@dataclass
class FunctionCounters:
    """One function call of a pipeline; `text` as it was written."""

    text: str
    errors: int = 0
    latency: Latency = field(default_factory=Latency)

    @property
    def calls(self) -> int:
        """How often it was called, with or without success."""
        return self.latency.count


@dataclass
class Counters:
    """What happened in one pipeline so far. Each number is written by one thread; read any time."""

    functions: list[FunctionCounters] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    rows_in: int = 0
    rows_out: int = 0
    dropped: int = 0
    """Rows thrown away because the buffer was full."""

    def forget_errors(self) -> None:
        """Count errors anew, rows and calls on; the code that made them has changed."""
        self.faults.clear()
        for function in self.functions:
            function.errors = 0

    @property
    def errors(self) -> int:
        """Everything that went wrong, counted one by one."""
        return self.faults.count
