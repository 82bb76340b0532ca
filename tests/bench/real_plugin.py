"""One plugin on a real eKuiper, and rules that use it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..e2e.polling import eventually
from ..e2e.rest import Rest
from .loops import Figures
from .processes import cpu_of, cpu_of_tree, memory_of_tree
from .scale import RATE, Scale

if TYPE_CHECKING:
    from .real import RealHost

__all__ = ["RealPlugin", "Rule"]

_LOSSLESS = {"disableBufferFullDiscard": True}
_LARGE = {**_LOSSLESS, "bufferLength": 8}  # else each node of the rule keeps a gigabyte
_CALLS = 80_000  # more a second than any host here makes of one function
_ROWS = 250_000  # more a second than any host here reads of a file
_KEPT = 10_000  # rows that the nodes of a rule keep
_SETTLED = 0.5  # seconds without a change of a count
_TIMEOUT = 10.0


class Rule:
    """A rule and its counts."""

    def __init__(self, rest: Rest, id: str) -> None:
        self.id = id
        self._rest = rest

    def count(self, node: str, metric: str = "records_in_total") -> int:
        """The sum of a metric over its nodes of this kind, `source` or `sink`."""
        return sum(
            value
            for key, value in self._status().items()
            if key.startswith(f"{node}_") and key.endswith(metric)
        )

    def state(self) -> str:
        """How it is, in eKuiper's words."""
        status = self._status()
        told = [status["status"], status.get("message")]
        told += [value for key, value in status.items() if key.endswith("last_exception")]
        return ", ".join(str(text) for text in told if text)

    def _status(self) -> dict[str, Any]:
        found: dict[str, Any] = self._rest.get(f"/rules/{self.id}/status")
        return found


class _Look(NamedTuple):
    """What was so far, at a time."""

    time: float
    rows: int
    plugin: float
    host: float


class RealPlugin:
    """An installed plugin; `pid` is its process."""

    usable = True

    def __init__(self, host: "RealHost", name: str, mark: str, pid: int) -> None:
        self.name = name
        self._host = host
        self._mark = mark
        self.pid = pid

    def function(self, scale: Scale, *, hot: int = 1, size: int = 0, rules: int = 1) -> Figures:
        """Rows through one function in `rules` rules, or through `hot` functions, one rule each."""
        if size:
            return self._run([self._calling("length", "name", self._host.large)], scale, _LARGE)
        lines = self._host.lines(_needed(scale, _CALLS) // (hot * rules) + _KEPT)
        sql = [self._calling(name, "n", lines) for name in ("echo", "hot")[:hot]]
        return self._run(sql * rules, scale, _LOSSLESS)

    def source(self, scale: Scale, *, size: int = 0) -> Figures:
        """Rows from its source."""
        sql = f"SELECT * FROM {self.stream('large' if size else 'default')}"
        return self._run([sql], scale, _LARGE if size else _LOSSLESS)

    def sink(self, scale: Scale, *, size: int = 0) -> Figures:
        """Rows to its sink."""
        stream = self._host.large if size else self._host.lines(_needed(scale, _ROWS))
        options = _LARGE if size else _LOSSLESS
        return self._run([f"SELECT * FROM {stream}"], scale, options, self._drop)

    def together(self, scale: Scale) -> Figures:
        """Rows from its source through its function to its sink, in one rule."""
        sql = self._calling("echo", "n", self.stream("default"))
        return self._run([sql], scale, _LOSSLESS, self._drop)

    def paced(self, scale: Scale, rate: float) -> Figures:
        """Rows that come at this rate through its function, with eKuiper's own options; with the
        share that is lost."""
        assert rate == RATE
        rows = int(rate * scale.paced)
        sql = self._calling("echo", "n", self._host.paced)
        with self._host.rule(sql, self._mark) as rule:
            eventually(lambda: rule.count("source") >= rows, "all rows have come", _TIMEOUT)
            arrived = _settled(rule)
        return {"seconds": scale.paced, "rows": arrived, "lost": 100 * (rows - arrived) / rows}

    def stream(self, key: str) -> str:
        """A stream of its source with this configuration."""
        return self._host.make_stream(f"numbers{self._mark}", CONF_KEY=key)

    @property
    def _drop(self) -> str:
        return f"drop{self._mark}"

    def _calling(self, function: str, column: str, stream: str) -> str:
        return f"SELECT {function}{self._mark}({column}) AS r FROM {stream}"

    def _run(
        self, statements: Sequence[str], scale: Scale, options: dict[str, Any], sink: str = "nop"
    ) -> Figures:
        """Rows through these rules together, after a warm-up, for a window."""
        with self._rules(statements, sink, options) as rules:
            _await_rows(rules)
            time.sleep(scale.warm)
            begin = self._look(rules)
            time.sleep(scale.window)
            end = self._look(rules)
            memory = memory_of_tree(self.pid)
        self._host.settle()
        if end.rows == begin.rows:
            raise RuntimeError("no row came in the window")
        return {
            "seconds": end.time - begin.time,
            "rows": end.rows - begin.rows,
            "plugin_cpu": end.plugin - begin.plugin,
            "host_cpu": end.host - begin.host,
            "memory": memory,
        }

    @contextmanager
    def _rules(
        self, statements: Sequence[str], sink: str, options: dict[str, Any]
    ) -> Iterator[list[Rule]]:
        with ExitStack() as stack:
            yield [
                stack.enter_context(self._host.rule(sql, self._mark, sink, **options))
                for sql in statements
            ]

    def _look(self, rules: Sequence[Rule]) -> _Look:
        rows = sum(rule.count("sink") for rule in rules)
        return _Look(time.perf_counter(), rows, cpu_of_tree(self.pid), cpu_of(self._host.pid))


def _await_rows(rules: Sequence[Rule]) -> None:
    deadline = time.monotonic() + _TIMEOUT
    for rule in rules:
        while not rule.count("sink"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"no row came within {_TIMEOUT:g} s: {rule.state()}")
            time.sleep(0.02)


def _needed(scale: Scale, rate: int) -> int:
    """How many rows of a file last for a run."""
    return int((scale.warm + scale.window + 1.0) * rate)


def _settled(rule: Rule) -> int:
    """How many rows have come to the sink, when no more come."""
    count, since = rule.count("sink"), time.monotonic()
    while time.monotonic() - since < _SETTLED:
        time.sleep(_SETTLED / 10)
        now = rule.count("sink")
        if now != count:
            count, since = now, time.monotonic()
    return count
