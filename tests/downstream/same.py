"""Whether both packages do the same."""

from collections.abc import Callable
from typing import Any

from .conftest import Pair
from .rig import Rig

__all__ = ["VALUES", "Both", "same"]

Both = Callable[[Callable[[Rig], Any], Pair], Pair]

VALUES = [
    None,
    True,
    False,
    0,
    3,
    -1,
    2**53 + 1,
    -(2**63),
    2**64 - 1,
    0.1,
    -2.5e-9,
    1e21,
    1.7976931348623157e308,
    "",
    "text",
    'grün ☃ 🙂 \u2028 <&> \\ " \x00 \x7f',
    "AAECAw==",
    "2024-05-06T07:08:09.123456789Z",
    '{"ruleId":"looks like a place"}',
    [],
    {},
    [1, "a", None, [2.5, {"b": []}]],
    {"a": {"b": {"c": [1, {"d": None}]}}, "": 0, "grün": "☃"},
    "x" * 100_000,
    list(range(10_000)),
]


def same(both: Both, pair: Pair, work: Callable[[Rig], Any]) -> Any:
    """What both did, which must be the same."""
    did = both(work, pair)
    assert did.ours == did.official
    return did.ours
