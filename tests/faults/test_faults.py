"""Whatever befalls a plugin and its host: rows go on, answers belong to their calls, and nothing is
lost but what a crash may lose. `make faults` plays many more seeds, and longer ones."""

from __future__ import annotations

import sys

import pytest

from . import capability
from .__main__ import again, plan_of, run
from .draw import draw

SEEDS = range(20)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks at processes in /proc"
)


@pytest.fixture(scope="module")
def supervised() -> bool:
    """Whether this tree's plugins have a supervisor; looked for once."""
    return capability.supervised()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed(seed: int) -> None:
    """Its plan is played, and nothing is found."""
    played = run(plan_of(seed, light=True))
    assert not played.verdict.findings, f"again with: {again(played.plan)}"


def test_a_supervisor_is_found(supervised: bool) -> None:
    """Symbols run in a worker of their own, and its death is no end of the plugin."""
    if not supervised:
        pytest.skip("the plugin of this tree runs in one process: it has no supervisor yet")
    plan = draw(0, supervised=True, light=True)
    assert plan.supervised
