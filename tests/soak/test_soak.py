"""A soak of seconds finds nothing wrong, and one that finds something says so."""

import json
from collections.abc import Callable

import pytest

from .__main__ import main
from .hosts import Embedded
from .outcome import Outcome, Sample
from .soak import soak

GOOD = Outcome("a host", 10, 200, 100, 1000, 1000, 0, 0, 0, 1, [Sample(10.0, 40, 6)] * 9)


def test_rows_are_counted_from_source_to_sink() -> None:
    """All that were sent have come, once, in order, each with the answer to itself."""
    told: list[str] = []
    with Embedded() as host:
        outcome = soak(host, 2.0, told.append)

    assert outcome.sent == outcome.received > 100
    assert (outcome.lost, outcome.doubled, outcome.shifted, outcome.workers) == (0, 0, 0, 1)
    assert 0 < outcome.rate < outcome.fastest
    assert outcome.samples[0].memory > 3
    assert outcome.samples[0].descriptors > 10
    assert outcome.samples[0].threads >= 5
    assert told


def test_nothing_wrong_is_said() -> None:
    """The block ends with it."""
    assert GOOD.faults() == []
    assert GOOD.text().splitlines()[-1].strip() == "all is well"
    assert json.loads(json.dumps(GOOD.as_json()))["growth"] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: GOOD._replace(received=0), "no row came"),
        (lambda: GOOD._replace(lost=1), "rows were lost"),
        (lambda: GOOD._replace(doubled=1), "rows came twice"),
        (lambda: GOOD._replace(shifted=1), "answers were shifted"),
        (lambda: GOOD._replace(workers=2), "the worker died"),
        (lambda: _ending(Sample(11.1, 40, 6)), "memory grew by 1 MB or more"),
        (lambda: _ending(Sample(10.0, 41, 6)), "descriptors were not closed"),
        (lambda: _ending(Sample(10.0, 40, 7)), "threads did not end"),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[], Outcome], said: str) -> None:
    """Each gate by itself."""
    assert change().faults() == [said]
    assert said in change().text()


def _ending(sample: Sample) -> Outcome:
    return GOOD._replace(samples=[*GOOD.samples, *[sample] * 3])


def test_the_warm_up_does_not_count() -> None:
    """What a plugin loads with its first rows is no leak."""
    cold = Sample(5.0, 20, 4)

    assert GOOD._replace(samples=[cold, *GOOD.samples]).faults() == []


def test_one_without_a_host_has_nothing_to_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where only the real one is wanted, and there is none."""
    monkeypatch.delenv("KUIPERD", raising=False)

    assert main(["--hosts", "real", "--json"]) == 2
    assert "KUIPERD" in capsys.readouterr().err
