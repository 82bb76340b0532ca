"""The adaptive wait, on machines made of numbers."""

from __future__ import annotations

import random
from threading import Lock

import pytest

from ekuiper.runtime.polling import BLOCK, CAP, WINDOW, AdaptiveWait

IDLE = {"sleep": 80_000, "poll": 35_000}  # two idle cores: a wake-up costs more than the call
SHARED = {"sleep": 34_000, "poll": 60_000}  # one core: polling takes what the host needs


def run(wait, machine, calls, seed=1):
    """Serve `calls` requests on a machine; the share of them that was polled for."""
    chance, now, polled = random.Random(seed), 0, 0
    for _ in range(calls):
        window = wait.window()
        polled += bool(window)
        took = machine["poll" if window else "sleep"]
        now += int(took * chance.uniform(0.8, 1.3))
        if window:
            wait.release()
        wait.answered(now, now)
    return polled / calls


def waiting(turn=None, **options):
    return AdaptiveWait(turn or Lock(), lambda took: None, **options)


@pytest.mark.parametrize("seed", range(5))
def test_it_polls_where_that_is_faster(seed):
    """After some blocks nearly every call is polled for."""
    wait = waiting()
    run(wait, IDLE, 20 * BLOCK, seed)

    assert run(wait, IDLE, 300 * BLOCK, seed) > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_it_sleeps_where_polling_is_slower(seed):
    """Trials that lose are cut short, and come ever more rarely."""
    wait = waiting()
    run(wait, SHARED, 20 * BLOCK, seed)

    assert run(wait, SHARED, 300 * BLOCK, seed) < 0.05


def test_polling_must_be_clearly_better():
    """Five per cent are not worth a burnt core."""
    wait = waiting()
    run(wait, {"sleep": 40_000, "poll": 38_000}, 50 * BLOCK)

    assert run(wait, {"sleep": 40_000, "poll": 38_000}, 300 * BLOCK) < 0.05


@pytest.mark.parametrize(("before", "after"), [(IDLE, SHARED), (SHARED, IDLE)])
def test_a_change_of_the_machine_is_followed(before, after):
    """Within 200 blocks, half a second at full rate, also after a long time of the other kind."""
    wait = waiting()
    run(wait, before, 300 * BLOCK)
    run(wait, after, 200 * BLOCK)
    share = run(wait, after, 500 * BLOCK)

    assert share > 0.95 if after is IDLE else share < 0.05


def test_slow_requests_are_never_polled_for():
    """At a hundred calls a second, and when the plugin is idle."""
    wait = waiting()
    run(wait, IDLE, 100 * BLOCK)
    assert wait.polls

    assert run(wait, {"sleep": 10_000_000, "poll": 10_000_000}, 1000) <= 0.001 + 1 / 1000


def test_one_thread_polls_at_a_time():
    """Two that poll take the core that the host needs: the second sleeps meanwhile."""
    turn = Lock()
    first, second = waiting(turn, always=True), waiting(turn, always=True)
    for wait in (first, second):
        wait.answered(0, 0)
        wait.answered(1000, 1000)

    assert first.window() == WINDOW
    assert second.window() == 0
    second.answered(2000, 2000)
    first.release()
    first.answered(2000, 2000)
    assert second.window() == WINDOW


@pytest.mark.parametrize("always", [True, False])
def test_the_way_can_be_fixed(always):
    """For measurements."""
    wait = waiting(always=always)

    assert run(wait, IDLE, 1000) == pytest.approx(float(always), abs=0.01)
    assert CAP > WINDOW
