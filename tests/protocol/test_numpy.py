"""The JSON forms of numpy's values."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ekuiper.errors import UnsupportedValueError
from ekuiper.protocol.codec import encode_reply
from ekuiper.protocol.messages import Reply

np = pytest.importorskip("numpy", reason="numpy is not installed")

pytestmark = pytest.mark.usefixtures("each_engine")


def sent(value: Any) -> Any:
    """What the host reads when `value` is a function's result."""
    return json.loads(encode_reply(Reply(True, value)), parse_constant=pytest.fail)["result"]


def refused(value: Any) -> str:
    """The type that the error names."""
    with pytest.raises(UnsupportedValueError) as caught:
        encode_reply(Reply(True, value))
    return caught.value.value_type


def test_numpy_values() -> None:
    """Scalars are numbers, arrays are lists, of any number of dimensions."""
    for value, expected in (
        (np.int64(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float64(0.5), 0.5),
        (np.float64("nan"), None),
        (np.float32("inf"), None),
        (np.float32(0.1), 0.10000000149011612),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.25), 0.25),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.bytes_(b"abc"), "YWJj"),
        (np.array([[1, 2], [3, 4]], dtype="int8"), [[1, 2], [3, 4]]),
        (np.array([1.5, np.nan], dtype="float32"), [1.5, None]),
        (np.array([0.5], dtype="longdouble"), [0.5]),
        (np.array(7), 7),
        (np.array([True, False]), [True, False]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([b"abc"]), ["YWJj"]),
        (np.array([None, Decimal(1), date(2024, 1, 1)]), [None, 1, "2024-01-01"]),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        (np.zeros((0, 3)), []),
    ):
        assert sent({"k": [value]}) == {"k": [expected]}, repr(value)
        assert sent(value) == expected


def test_numpy_values_without_a_number() -> None:
    """Complex numbers, times and structures are refused; so are numpy's integers as keys."""
    for value, name in (
        (np.complex128(1j), "numpy.complex128"),
        (np.datetime64("2024-01-01"), "numpy.datetime64"),
        (np.array([1j]), "numpy.ndarray"),
        (np.zeros(1, dtype=[("a", int)]), "numpy.ndarray"),
    ):
        assert refused({"a": value}) == name
    assert refused({np.int64(1): 1}) == "dict with a key of type numpy.int64"
