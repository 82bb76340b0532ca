"""The faults that a seed draws: scenes of one or two steps each, one after the other."""

import random
import signal
from collections.abc import Callable, Iterator

from .plan import FUNCTIONS, SIGNALS, SYMBOLS, Step

__all__ = ["LATER", "Scenes"]

_SOCKETS = ("control", *FUNCTIONS, "source", "sink")
_BIG = 100_000_000  # bytes

LATER = 0.05
"""Seconds from arming a death to what leads there."""


class Scenes:
    def __init__(self, dice: random.Random, light: bool) -> None:
        self._dice = dice
        self._light = light

    def steps(self) -> Iterator[Step]:
        """Faults one after the other, sometimes on top of each other."""
        scenes = {
            self._kill: 6,
            self._die_at_work: 6,
            self._die_at_start: 5,
            self._die_at_close: 2,
            self._lose_plugin: 2,
            self._crash_host: 1 if self._light else 2,
            self._pause_host: 1 if self._light else 2,
            self._cut: 4,
            self._command: 5,
            self._spoil_socket: 3,
            self._jump: 2,
            self._grandchild: 2,
            self._big: 0 if self._light else 0.15,
        }
        count = self._dice.randint(1, 3) if self._light else self._dice.randint(2, 7)
        at = 0.0
        for scene in self._dice.choices(list(scenes), list(scenes.values()), k=count):
            at += self._dice.uniform(0, 0.4 if self._light else 1.0)
            last = at
            for step in self._drawn(scene, at):
                yield step
                last = step.at
            at = last

    def _drawn(self, scene: Callable[[float], Iterator[Step]], at: float) -> Iterator[Step]:
        for step in scene(at):
            yield step._replace(at=round(step.at, 3))

    def _signal(self) -> int:
        return self._dice.choice(SIGNALS)

    def _kill(self, at: float) -> Iterator[Step]:
        yield Step(at, "kill", "worker", self._signal())

    def _die_at_work(self, at: float) -> Iterator[Step]:
        point = self._dice.choice(("exec", "exec", "emit", "collect"))
        yield Step(at, "arm", point, self._signal(), self._dice.choice((1, 1, 1, 2)))

    def _die_at_start(self, at: float) -> Iterator[Step]:
        """Twice at most: after three deaths in a row a symbol is parked."""
        point = self._dice.choice(("import", "configure", "open"))
        yield Step(at, "arm", point, self._signal(), self._dice.choice((1, 1, 2)))
        if point == "import" or self._dice.random() < 0.5:
            yield Step(at + LATER, "kill", "worker", self._signal())
        else:
            yield Step(at + LATER, "again", self._dice.choice(SYMBOLS))

    def _die_at_close(self, at: float) -> Iterator[Step]:
        yield Step(at, "arm", "close", self._signal())
        what = self._dice.choice(("again", "restart"))
        yield Step(at + LATER, what, self._dice.choice(SYMBOLS))

    def _lose_plugin(self, at: float) -> Iterator[Step]:
        """What the host started is killed, from outside or by the host itself."""
        if self._dice.random() < 0.5:
            yield Step(at, "respawn")
        else:
            yield Step(at, "kill", "plugin", signal.SIGKILL.value)

    def _crash_host(self, at: float) -> Iterator[Step]:
        yield Step(at, "crash")

    def _pause_host(self, at: float) -> Iterator[Step]:
        yield Step(at, "pause", "", self._dice.choice((0.1, 0.3) if self._light else (1, 3, 6, 10)))

    def _cut(self, at: float) -> Iterator[Step]:
        yield Step(at, "cut", self._dice.choice(_SOCKETS))

    def _command(self, at: float) -> Iterator[Step]:
        what = self._dice.choice(
            ("again", "again", "restart", "reorder", "unknown", "stranger", "concurrent")
        )
        target = self._dice.choice((*SYMBOLS, "function") if what == "again" else SYMBOLS)
        yield Step(at, what, target)

    def _spoil_socket(self, at: float) -> Iterator[Step]:
        """A socket's file is gone for a while, or another file stands in its place. Perhaps a
        worker dies meanwhile, and its successor, which dials each function once, has to be told
        anew. The control socket is left: a host without one cannot be found by any plugin."""
        what = self._dice.choice(("hide", "replace"))
        lasts = self._dice.choice((0.1, 0.3) if self._light else (0.2, 1.0))
        target = self._dice.choice((*FUNCTIONS, "source"))
        yield Step(at, what, target, lasts)
        if not self._light and self._dice.random() < 0.5:
            yield Step(at + lasts / 2, "kill", "worker", self._signal())
        if target in FUNCTIONS:
            yield Step(at + lasts + LATER, "again", target)

    def _jump(self, at: float) -> Iterator[Step]:
        """The wall clock is set; with a death at the other time."""
        yield Step(at, "clock", "", self._dice.choice((-86_400, -5, 5, 3_600, 1e9)))
        if self._dice.random() < 0.5:
            yield Step(at + LATER, "kill", "worker", self._signal())

    def _grandchild(self, at: float) -> Iterator[Step]:
        yield Step(at, "grandchild")
        yield Step(at + 2 * LATER, "kill", "worker", self._signal())

    def _big(self, at: float) -> Iterator[Step]:
        yield Step(at, "big", self._dice.choice(("function", "sink")), _BIG)
