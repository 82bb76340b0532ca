"""A plugin says the same, byte for byte, whether its host is made of mangos sockets or of ours.

CONVERSATIONS says how many are compared, SEED which is the first.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import pytest

from ekuiper.transport.ipc import IpcTransport

from .conversation import Step, conversation
from .mangos import Mangos, MangosTransport
from .stage import Stage

SEED = int(os.environ.get("SEED", "0"))
COUNT = int(os.environ.get("CONVERSATIONS", "100"))
SHOWN = 600  # characters of a step, or an answer
HOSTS = ("mangos", "ours")

Heard = list[list[bytes] | str]


@pytest.fixture(params=["ipc", "nng"])
def stages(request: pytest.FixtureRequest, mangos: Mangos) -> Iterator[tuple[Stage, Stage]]:
    """The plugin, on our sockets and on nng, under both hosts."""
    if request.param == "nng" and importlib.util.find_spec("pynng") is None:
        pytest.skip("needs pynng: pip install 'ekuiper[nng]'")
    env = {"EKUIPER_TRANSPORT": request.param}
    with (
        Stage(MangosTransport(mangos), env) as theirs,
        Stage(IpcTransport(attended=True), env) as ours,
    ):
        yield theirs, ours


def test_conversations(stages: tuple[Stage, Stage], request: pytest.FixtureRequest) -> None:
    """Commands, calls, rows, nonsense and lost connections in random order are answered alike."""
    nng = "nng" in request.node.callspec.id
    count = max(1, COUNT // 5) if nng else COUNT  # that takes longer, and is not the default
    with ThreadPoolExecutor(len(stages)) as threads:
        for seed in range(SEED, SEED + count):
            steps = conversation(seed)
            theirs, ours = threads.map(lambda stage: stage.play(steps), stages)  # noqa: B023
            if theirs != ours or len(theirs) < len(steps) or isinstance(theirs[-1], str):
                pytest.fail(difference(seed, steps, theirs, ours, stages))


def difference(
    seed: int, steps: list[Step], theirs: Heard, ours: Heard, stages: tuple[Stage, Stage]
) -> str:
    """Where it is, and how to have it again."""
    pairs = list(zip_longest(theirs, ours))
    at = next(n for n, (one, other) in enumerate(pairs) if one != other or isinstance(one, str))
    lines = [f"conversation {seed}, step {at} of {len(steps)}; again with:"]
    lines.append(f"  SEED={seed} CONVERSATIONS=1 make interop")
    lines.append(f"step: {steps[at]!r:.{SHOWN}}")
    for name, said in zip(HOSTS, apart(*pairs[at]), strict=True):
        lines.append(f"under {name}: {said!r:.{SHOWN}}")
    for name, stage in zip(HOSTS, stages, strict=True):
        lines.append(f"the log under {name}:\n{stage.log_tail()}")
    return "\n".join(lines)


def apart(theirs: list[bytes] | str | None, ours: list[bytes] | str | None) -> tuple[object, ...]:
    """What differs, as little of it as tells."""
    if not isinstance(theirs, list) or not isinstance(ours, list):
        return theirs, ours
    one, other = next(
        pair for pair in zip_longest(theirs, ours, fillvalue=b"") if pair[0] != pair[1]
    )
    alike = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, alike - SHOWN // 4)
    return one[start:], other[start:]
