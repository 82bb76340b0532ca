"""The JSON forms of Python's values, the same by both engines."""

import enum
import json
import math
import os
import subprocess
import sys
import types
import uuid
from collections import ChainMap, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from ekuiper.errors import UnsupportedValueError
from ekuiper.protocol.codec import encode_reply, encode_row
from ekuiper.protocol.messages import Reply, Row
from ekuiper.protocol.values import scrub

pytestmark = pytest.mark.usefixtures("each_engine")

Point = namedtuple("Point", "x y")


class Color(enum.Enum):
    RED = "red"
    WHEN = date(2024, 2, 29)


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):
    YES = "yes"


class Mine(str):
    pass


class Half(float):
    pass


class Big(int):
    pass


class Lines(list):
    pass


@dataclass
class Reading:
    value: float
    tags: set[str] = field(default_factory=set)
    _note: str = "kept"
    unit: ClassVar[str] = "C"


@dataclass(frozen=True)
class Slotted:
    __slots__ = ("inner",)
    inner: Any


def sent(value: Any) -> Any:
    """What the host reads when `value` is a function's result."""
    return json.loads(encode_reply(Reply(True, value)), parse_constant=pytest.fail)["result"]


def refusal(value: Any) -> UnsupportedValueError:
    with pytest.raises(UnsupportedValueError) as caught:
        encode_reply(Reply(True, value))
    return caught.value


ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, Point(2, None)), [1, [2, None]]),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("ba"), ["a", "b"]),
        (b"\x00\xff", "AP8="),
        (bytearray(b"abc"), "YWJj"),
        (memoryview(b"abcdef")[::2], "YWNl"),
        (Decimal("1.10"), 1.1),
        (Decimal("12345678901234567890"), 12345678901234567890.0),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Decimal("-Infinity"), None),
        (Decimal("1e400"), None),
        (Color.RED, "red"),
        (Color.WHEN, "2024-02-29"),
        (Level.HIGH, 3),
        (Word.YES, "yes"),
        (ID, str(ID)),
        (Reading(1.5, {"a"}), {"value": 1.5, "tags": ["a"], "_note": "kept"}),
        (Slotted(Slotted(Decimal(1))), {"inner": {"inner": 1}}),
        (types.MappingProxyType({"a": b"b"}), {"a": "Yg=="}),
        (ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Mine("x"), "x"),
        (Half(0.5), 0.5),
        (Half("nan"), None),
        (Big(7), 7),
        (Lines([1]), [1]),
        ([[], {}, (), set()], [[], {}, [], []]),
    ],
)
def test_values_that_json_does_not_know_have_a_form(value: Any, expected: Any) -> None:
    """The form is the same at the top, in a list and in an object."""
    assert sent(value) == expected
    assert sent([value]) == [expected]
    assert sent({"k": {"n": value}}) == {"k": {"n": expected}}
    assert sent({"k": value, "nan": math.nan}) == {"k": expected, "nan": None}


def test_a_set_that_cannot_be_sorted_is_a_list() -> None:
    """In whatever order it gives."""
    assert sorted(sent({1, "a"}), key=str) == [1, "a"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_null(value: float) -> None:
    """The host could not read the whole row otherwise."""
    assert sent(value) is None
    assert sent({"a": [value, 1.5]}) == {"a": [None, 1.5]}
    row = encode_row(Row({"v": value}, {"w": value}))
    assert row == b'{"message":{"v":null},"meta":{"w":null}}'


@pytest.mark.parametrize("value", [1 << 63, 1 << 64, -(1 << 63) - 1, 10**308])
def test_integers_keep_their_digits(value: int) -> None:
    """The host makes floats of them; how much that loses is its business."""
    assert encode_reply(Reply(True, value)) == b'{"state":true,"result":%d}' % value
    assert sent({"a": value, "b": math.nan}) == {"a": value, "b": None}
    assert sent({value: 1, None: math.nan}) == {str(value): 1, "null": None}


@pytest.mark.parametrize("value", [10**309, -(10**400), 10**5000], ids=["309", "-400", "5000"])
def test_integers_beyond_float64_are_null_like_infinity(value: int) -> None:
    """The host would refuse the whole message."""
    assert encode_reply(Reply(True, value)) == b'{"state":true,"result":null}'
    assert sent({"a": [value], "b": "1" * 400}) == {"a": [None], "b": "1" * 400}


def test_keys_beyond_pythons_own_limit_are_refused() -> None:
    """Python writes no more than 4300 digits unless told to."""
    error = refusal({10**5000: 1})
    assert "a value of type int of thousands of digits" in str(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ud800", "�"),
        ("a\udc00b\ud800c", "a�b�c"),
        ("\ud83d\ude00", "😀"),
        ("\ufeff\ud800", "\ufeff�"),
    ],
)
def test_lone_surrogates_are_replaced(text: str, expected: str) -> None:
    """Pairs that came as two halves are joined; keys are treated like values."""
    assert scrub(text) == expected
    assert sent({text: [text, Mine(text)]}) == {expected: [expected, expected]}


def test_keys_become_text_as_the_standard_library_does_it() -> None:
    """Numbers, truth values and None; with and without other trouble in the same value."""
    keys = {1: 1, 2.5: 2, False: 3, None: 4, Level.HIGH: 5, Mine("m"): 6, Word.YES: 7}
    texts = {"1": 1, "2.5": 2, "false": 3, "null": 4, "3": 5, "m": 6, "yes": 7}
    assert sent(keys) == texts
    assert sent([keys, math.nan]) == [texts, None]
    assert sent({True: math.nan}) == {"true": None}
    assert list(sent({math.nan: 1})) == ["nan"]


@pytest.mark.parametrize("key", [(1, 2), b"k", date(2024, 1, 1), Color.RED])
def test_other_keys_are_refused(key: Any) -> None:
    """The error names the type of the key and the object that has it."""
    error = refusal({"a": {key: 1}})
    assert error.path == "result.a"
    assert error.value_type.startswith("dict with a key of type ")


class Thing:
    pass


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (timedelta(1), "datetime.timedelta"),
        (1j, "complex"),
        (object(), "object"),
        (Thing(), f"{__name__}.Thing"),
        (Reading, "type"),
        (range(3), "range"),
        (iter([1]), "list_iterator"),
    ],
)
def test_other_values_are_refused_with_type_and_path(value: Any, name: str) -> None:
    """The path tells where; the text tells what to do."""
    assert refusal(value).value_type == name
    error = refusal({"a": [0, {"b c": value}]})
    assert (error.value_type, error.path) == (name, "result.a[1]['b c']")
    assert str(error) == (
        f"result.a[1]['b c']: a value of type {name} has no JSON form; convert it first, "
        "e.g. to dict, list, str, int, float, bool or None"
    )


def test_what_contains_itself_is_refused() -> None:
    """A list, an object, a dataclass and a mapping, at the place where the circle closes."""
    row: dict[str, Any] = {}
    row["a"] = [row]
    loop: list[Any] = []
    loop.append(loop)
    reading = Reading(1.0)
    reading.value = [reading]  # type: ignore[assignment]
    mapping: dict[str, Any] = {}
    mapping["m"] = types.MappingProxyType(mapping)
    for value, path in (
        (row, "result.a[0]"),
        (loop, "result[0]"),
        (reading, "result.value[0]"),
        (mapping, "result.m.m"),  # result.m is a copy
    ):
        error = refusal(value)
        assert (error.path, error.reason) == (path, "contains itself")


def test_the_same_value_twice_is_no_circle() -> None:
    """Only what is inside itself is refused."""
    shared = [math.nan]
    assert sent({"a": shared, "b": [shared, shared]}) == {"a": [None], "b": [[None], [None]]}


def nested(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = [leaf]
    return leaf


@pytest.mark.parametrize("leaf", [1, math.nan, {None: "\ud800"}, {3}])
def test_hundreds_of_levels_are_sent(leaf: Any) -> None:
    """More than orjson takes by itself."""
    assert encode_reply(Reply(True, nested(500, leaf))).count(b"[") >= 500


@pytest.mark.parametrize("leaf", [1, math.nan])
def test_too_many_levels_are_refused(leaf: Any) -> None:
    """An error, not a crash."""
    assert refusal(nested(100_000, leaf)).reason == "is nested too deeply"


def test_what_an_authors_mapping_raises_is_not_hidden() -> None:
    """It is the author's error, with the author's traceback."""

    class Broken(ChainMap):  # type: ignore[type-arg]
        def keys(self) -> Any:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        encode_reply(Reply(True, Broken()))


def test_nothing_is_loaded_for_values_that_nobody_uses() -> None:
    """Encoding loads neither numpy nor the modules of the other types."""
    code = (
        "import sys, ekuiper; before = set(sys.modules)\n"
        "from ekuiper.protocol.codec import encode_row\n"
        "from ekuiper.protocol.messages import Row\n"
        'assert encode_row(Row({1: {2}}, None)) == b\'{"message":{"1":[2]},"meta":null}\'\n'
        "heavy = 'numpy orjson dataclasses inspect decimal uuid datetime logging asyncio socket'\n"
        "print(*(set(sys.modules) - before).intersection(heavy.split()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EKUIPER_JSON": "stdlib"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []
