"""The plan that belongs to a seed."""

import random

from .drawing import Scenes
from .plan import HANG, HOLD, Plan, Step
from .renewing import Renewing

__all__ = ["draw"]

_CALL_TIMEOUT = 1.0  # seconds


def draw(seed: int, *, supervised: bool, light: bool = False) -> Plan:
    """The plan that belongs to this seed. Light ones take about a second or two."""
    dice = random.Random(f"{seed} {supervised} {light}")
    acks, wrapped, full_disk = (dice.random() < odds for odds in (0.4, 0.2, 0.15))
    steps = list(Scenes(dice, light).steps())
    if supervised:
        more = random.Random(f"{seed} {light} more")  # so that each seed keeps its other faults
        steps += Renewing(more, light).steps(max(step.at for step in steps))
    hangs = any(_hangs(step) for step in steps)
    return Plan(
        seed,
        supervised,
        light,
        acks=acks,
        wrapped=wrapped,
        full_disk=full_disk,
        steps=tuple(sorted(steps)),
        call_timeout=_CALL_TIMEOUT if hangs else 0.0,
    )


def _hangs(step: Step) -> bool:
    return step.what == "arm" and step.number in (HANG, HOLD)
