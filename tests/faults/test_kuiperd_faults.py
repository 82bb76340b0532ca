"""Whatever befalls a plugin on a real eKuiper, named by KUIPERD: its rule goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .__main__ import again
from .draw import draw
from .real import play_on
from .rules import judge_rule

KUIPERD = os.environ.get("KUIPERD")
SEEDS = range(int(os.environ.get("FAULTS", "6")))

pytestmark = pytest.mark.skipif(
    not KUIPERD, reason="needs a real eKuiper: KUIPERD=/path/to/bin/kuiperd"
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed(seed: int) -> None:
    """Rows come once, in order and with their own answers, also after the last fault, which with
    `requireAck` takes that each row is acknowledged: a real host waits for ever."""
    plan = draw(seed, supervised=True)
    verdict = judge_rule(play_on(Path(KUIPERD or ""), plan))
    assert not verdict.findings, f"again with: {again(plan, KUIPERD)}"
