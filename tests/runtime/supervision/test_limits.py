"""When a worker is too large, and how often it is replaced for that."""

from __future__ import annotations

import os

from ekuiper.runtime.supervision.limits import EVERY, FIRST_PAUSE, LONGEST, LONGEST_PAUSE, Limits


def test_looks_now_and_then_while_it_is_on():
    """Every three seconds, and less often while nothing changes; else never."""
    limits = Limits()
    limits.turn(0.0, on=True)
    assert limits.deadline is None  # there is no limit
    limits.max_memory = 1 << 40
    limits.turn(0.0, on=True)
    assert limits.deadline == EVERY
    now = 0.0
    limits._size = -1
    pauses = []
    for _ in range(7):
        before, now = now, limits.deadline
        pauses.append(now - before)
        limits.look(now, os.getppid())
    limits.turn(now, on=False)

    assert pauses[0] == EVERY
    assert max(pauses) <= LONGEST
    assert limits.deadline is None


def test_tells_how_much_is_too_much():
    """Of the process and all below it."""
    limits = Limits()
    limits.max_memory = 1_000_000
    limits.turn(0.0, on=True)
    assert limits.look(EVERY - 1, os.getpid()) is None
    told = limits.look(EVERY, os.getpid())

    assert told.startswith("it holds ")
    assert told.endswith(" MB, more than max_memory=1.0 MB")


def test_a_worker_that_is_too_large_at_once_stays_longer_each_time():
    """A minute, two, four ... an hour; one that was good for a minute is replaced at once."""
    limits = Limits()
    now, waits = 0.0, []
    assert limits.exceeded(now) == 0.0
    for _ in range(8):
        waits.append(limits.exceeded(now + 1) + 1)
        now += waits[-1]
        assert limits.exceeded(now) == 0.0

    assert waits == [60.0 * 2**n for n in range(6)] + [LONGEST_PAUSE] * 2
    assert limits.exceeded(now + FIRST_PAUSE) == LONGEST_PAUSE - FIRST_PAUSE
    now += LONGEST_PAUSE
    assert limits.exceeded(now) == 0.0
    assert limits.exceeded(now + FIRST_PAUSE) == 0.0


def test_a_wait_is_told_once():
    """Not at each look."""
    limits = Limits()
    limits.exceeded(0.0)
    limits.exceeded(1.0)

    assert [limits.tells(), limits.tells()] == [True, False]
    limits.exceeded(FIRST_PAUSE)
    assert limits.tells()
