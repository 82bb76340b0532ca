"""What pipelines count."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ekuiper.host.embedded.counters import Faults, Latency, location


def test_no_durations_have_no_percentiles() -> None:
    """None, not zero."""
    assert Latency().p50 is None


@given(st.lists(st.floats(min_value=1e-6, max_value=3600), min_size=1, max_size=200))
def test_percentiles_are_right_within_two_percent(durations: list[float]) -> None:
    """Compared with the nearest rank of all values sorted."""
    latency = Latency()
    for seconds in durations:
        latency.add(seconds)

    for percent in (50, 99):
        rank = max(1, -(-len(durations) * percent // 100))
        exact = sorted(durations)[rank - 1]
        estimate = latency.percentile(percent)
        assert estimate is not None
        assert abs(estimate - exact) <= exact * 0.02 + 1e-9


def test_durations_beyond_all_steps_are_counted() -> None:
    """Negative ones (a clock set back) as none, those of days as an hour or so."""
    latency = Latency()
    latency.add(-1.0)
    latency.add(1e6)

    assert latency.count == 2
    assert latency.percentile(1) == 0
    assert (latency.percentile(100) or 0) > 3600


def test_memory_does_not_grow_with_the_durations() -> None:
    """Only counts are kept."""
    latency = Latency()
    steps = len(latency._steps)
    for _ in range(10_000):
        latency.add(random.random())

    assert len(latency._steps) == steps < 2000


def test_mistakes_of_one_line_of_code_are_one() -> None:
    """Texts that differ in their values but name the same line are counted together."""
    faults = Faults()
    faults.add("function f", "ValueError: 3 is bad (f.py:12)")
    faults.add("function f", "ValueError: 4 is bad (f.py:12)")
    faults.add("function f", "ValueError: 4 is bad (f.py:13)")

    first, second = faults.list()

    assert (first.text, first.count) == ("ValueError: 4 is bad (f.py:12)", 2)
    assert (second.location, second.count) == ("f.py:13", 1)
    assert faults.count == 3


def test_mistakes_that_differ_in_a_rows_values_are_one() -> None:
    """A condition that no row fits is one mistake, not one for each row; types are not values."""
    faults = Faults()
    for number in range(3):
        faults.add("WHERE", f"invalid operation float64({number}.5) > string(10)")
    faults.add("WHERE", "invalid operation string(a) > string(10)")

    first, second = faults.list()

    assert (first.text, first.count) == ("invalid operation float64(2.5) > string(10)", 3)
    assert (second.text, second.count) == ("invalid operation string(a) > string(10)", 1)


def test_the_oldest_mistakes_are_forgotten_but_counted() -> None:
    """A plugin that fails in ever new ways does not fill the memory."""
    faults = Faults(most=2)
    for number in range(5):
        faults.add("source s", f"text {number}")

    assert [fault.text for fault in faults.list()] == ["text 3", "text 4"]
    assert faults.count == 5


def test_a_location_is_the_last_in_the_text() -> None:
    """Where a text names several lines of code, the innermost stands last."""
    assert location("a.py:1: bad (my-file.v2.py:12)") == "my-file.v2.py:12"
    assert location("time out after 12:30") == ""
