"""A seed's plan."""

from __future__ import annotations

from collections import Counter

import pytest

from .draw import draw
from .plan import HANG, HOLD, POINTS, SIGNALS

SEEDS = range(600)


@pytest.mark.parametrize("light", [False, True])
def test_a_seed_has_one_plan(light):
    """Drawn again it is the same; another seed has another."""
    plans = [draw(seed, supervised=True, light=light) for seed in SEEDS]
    assert plans == [draw(seed, supervised=True, light=light) for seed in SEEDS]
    assert len({plan.steps for plan in plans}) > len(plans) * 0.9


def test_steps_are_in_order():
    """Each step comes at its time, none before rows flow."""
    for seed in SEEDS:
        times = [step.at for step in draw(seed, supervised=True).steps]
        assert times == sorted(times)
        assert times[0] >= 0


def test_light_plans_take_a_moment():
    """Twenty of them are part of every test run."""
    ends = [draw(seed, supervised=True, light=True).ends for seed in SEEDS]
    assert max(ends) < 3
    assert sum(ends) / len(ends) < 1


def test_everything_happens():
    """Among some hundred seeds there is every kind of fault, point, signal and setting."""
    plans = [draw(seed, supervised=True) for seed in SEEDS]
    steps = [step for plan in plans for step in plan.steps]
    kinds = Counter(step.what for step in steps)
    assert set(kinds) == {
        *("kill", "arm", "crash", "pause", "respawn", "cut", "again", "restart", "reorder"),
        *("unknown", "stranger", "concurrent", "hide", "replace", "clock", "grandchild", "big"),
        *("reload", "spoil", "poison"),
    }
    assert {step.target for step in steps if step.what == "arm"} == set(POINTS)
    assert {step.number for step in steps if step.what == "kill"} == set(SIGNALS)
    assert {step.number for step in steps if step.what == "arm"} == {*SIGNALS, HANG, HOLD}
    assert {plan.acks for plan in plans} == {plan.wrapped for plan in plans} == {True, False}
    assert kinds["big"] < len(SEEDS) / 20


def test_what_needs_a_supervisor():
    """Without one there are no reloads, nothing that kills whoever is asked it, and no call
    hangs: nobody would end it."""
    for seed in SEEDS:
        steps = draw(seed, supervised=False).steps
        assert not {"reload", "spoil", "poison"} & {step.what for step in steps}
        assert not any(step.what == "arm" and step.number in (HANG, HOLD) for step in steps)


def test_a_limit_for_calls_where_one_hangs():
    """Only there: others may be slow on a busy machine."""
    for seed in SEEDS:
        plan = draw(seed, supervised=True)
        hangs = any(step.what == "arm" and step.number in (HANG, HOLD) for step in plan.steps)
        assert bool(plan.call_timeout) == hangs


def test_no_symbol_is_parked():
    """No death is armed to happen so often that a supervisor may give a symbol up."""
    for seed in SEEDS:
        assert all(step.count <= 2 for step in draw(seed, supervised=True).steps)
