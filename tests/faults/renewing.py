"""The faults that need a supervisor: reloads, calls that hang, and what kills whoever is asked it.

They are drawn apart and come on top of the others.
"""

import random
from collections.abc import Iterator

from .drawing import LATER
from .plan import HANG, HOLD, SIGNALS, Step

__all__ = ["Renewing"]

_ODDS = 0.45  # that a plan has any of these
_DURING = 0.25  # seconds in which a reload is about to happen


class Renewing:
    """Draws them from `dice`."""

    def __init__(self, dice: random.Random, light: bool) -> None:
        self._dice = dice
        self._light = light

    def steps(self, last: float) -> Iterator[Step]:
        """Some scenes until `last`, or soon after it; often none."""
        if self._dice.random() > _ODDS:
            return
        scenes = {self._reload: 5, self._spoil: 2, self._hang: 2, self._poison: 2}
        count = 1 if self._light else self._dice.choice((1, 1, 2, 3))
        for scene in self._dice.choices(list(scenes), list(scenes.values()), k=count):
            at = self._dice.uniform(0, last + (0.1 if self._light else 0.5))
            for step in scene(at):
                yield step._replace(at=round(step.at, 3))

    def _asked(self) -> str:
        return self._dice.choice(("socket", "socket", "signal"))

    def _kill(self, at: float) -> Step:
        return Step(at, "kill", "worker", self._dice.choice(SIGNALS))

    def _reload(self, at: float) -> Iterator[Step]:
        """New code; a worker may die before, while or after it takes over: by a signal, or where
        the new or the old one has to do something for it."""
        how = self._dice.choice(("alone", "before", "during", "during", "after", "at a point"))
        if how == "before":
            yield self._kill(at)
        elif how == "at a point":
            point = self._dice.choice(("import", "configure", "open", "close"))
            yield Step(at, "arm", point, self._dice.choice(SIGNALS))
        yield Step(at + LATER, "reload", self._asked())
        if how == "during":
            yield self._kill(at + LATER + self._dice.uniform(0, _DURING))
        elif how == "after":
            yield self._kill(at + LATER + self._dice.uniform(_DURING, 3 * _DURING))

    def _spoil(self, at: float) -> Iterator[Step]:
        """New code that cannot run; until it is put right a worker may die."""
        yield Step(at, "spoil", self._asked())
        if self._dice.random() < 0.3:
            yield self._kill(at + self._dice.uniform(0, _DURING))

    def _hang(self, at: float) -> Iterator[Step]:
        """A call never returns; perhaps it does so again when it is asked anew."""
        yield Step(at, "arm", "exec", self._dice.choice((HANG, HANG, HOLD)), self._count())

    def _count(self) -> int:
        return 1 if self._light else self._dice.choice((1, 1, 2))

    def _poison(self, at: float) -> Iterator[Step]:
        yield Step(at, "poison", self._dice.choice(("function", "sink")))
