"""The choice of the JSON engine, and what both make of the same bytes and values."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekuiper.errors import ConfigError, MalformedMessageError
from ekuiper.protocol import stdlib
from ekuiper.protocol.engine import dumps, engine, loads

Outcomes = Callable[[Callable[[], Any]], list[str]]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    engine.cache_clear()
    yield monkeypatch
    engine.cache_clear()


def test_orjson_is_used_where_it_is_installed(fresh: pytest.MonkeyPatch) -> None:
    """Nothing needs to be set."""
    pytest.importorskip("orjson", reason="orjson is not installed")
    fresh.delenv("EKUIPER_JSON", raising=False)
    assert engine().name == "orjson"
    assert engine() is engine()


def test_without_orjson_the_standard_library_is_used(fresh: pytest.MonkeyPatch) -> None:
    """It is an extra, never needed."""
    fresh.delenv("EKUIPER_JSON", raising=False)
    fresh.setitem(sys.modules, "orjson", None)
    assert engine().name == "stdlib"


@pytest.mark.parametrize("name", ["stdlib", "orjson"])
def test_the_environment_overrides_the_choice(fresh: pytest.MonkeyPatch, name: str) -> None:
    """EKUIPER_JSON names the engine."""
    pytest.importorskip(name.replace("stdlib", "json"), reason=f"{name} is not installed")
    fresh.setenv("EKUIPER_JSON", name)
    assert engine().name == name


def test_an_engine_that_is_not_installed_is_an_error(fresh: pytest.MonkeyPatch) -> None:
    """Whoever asks for orjson is told how to get it."""
    fresh.setenv("EKUIPER_JSON", "orjson")
    fresh.setitem(sys.modules, "orjson", None)
    with pytest.raises(ConfigError, match=r"pip install 'ekuiper\[fast\]'"):
        loads(b"1")


def test_an_unknown_engine_is_an_error(fresh: pytest.MonkeyPatch) -> None:
    """The error names the two there are."""
    fresh.setenv("EKUIPER_JSON", "ujson")
    with pytest.raises(ConfigError, match="must be stdlib or orjson, not 'ujson'"):
        dumps(1, "value")


def test_an_interpreter_without_the_c_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public encoder is slower and means the same."""
    value = {"a": [1, 2.5, None, True, "é<\u2028"], "b": {3}}
    expected = stdlib._make_encode()(value)
    monkeypatch.setitem(sys.modules, "_json", None)
    assert stdlib._make_encode()(value) == expected == '{"a":[1,2.5,null,true,"é<\u2028"],"b":[3]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        stdlib._make_encode()(math.nan)


def test_an_interpreter_without_the_c_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public decoder is slower and means the same."""
    text = '{"a":[1,2.5,null,true]}'
    expected = stdlib._make_scan(int)(text, 0)
    monkeypatch.setitem(sys.modules, "_json", None)

    assert stdlib._make_scan(int)(text, 0) == expected == ({"a": [1, 2.5, None, True]}, len(text))
    with pytest.raises(ValueError, match="it has no NaN"):
        stdlib._make_scan(int)("NaN", 0)


SAME = [
    b"",
    b" ",
    b"\xef\xbb\xbf1",
    b"\xff",
    b"nul",
    b"NaN",
    b"[Infinity]",
    b"1 2",
    b" [1, 2]\r\n\t",
    b"[1,]",
    b"01",
    b"+1",
    b".5",
    b"1.",
    b'"\t"',
    b'"\x7f"',
    b'"\\u0000\\/"',
    b'"\\ud83d\\ude00"',
    b'"\\ud800"',
    b'"\\x"',
    b'"\xed\xa0\x80"',
    b'{"a":1,"a":2}',
    b"{'a':1}",
    b"-0",
    b"-0.0",
    b"1e5",
    b"1E+5",
    b"5e-324",
    b"1e-999",
    b"1e999",
    b"-1e999",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"-9223372036854775809",
    b"-18446744073709551616",
    b"123456789012345680000",
    b"[1,1234567890123456789012,2.5]",
    b"9" * 400,
    b"-" + b"9" * 400,
    b"9" * 5000,
    b"9" * 400 + b".5",
    b'"' + b"1" * 30 + b'"',
    b"[" * 500 + b"]" * 500,
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000,
    b"true",
    b"null",
]


@pytest.mark.parametrize("frame", SAME, ids=lambda frame: repr(frame[:24]))
def test_both_engines_read_the_same(by_both: Outcomes, frame: bytes) -> None:
    """The same value of the same type, or the same error."""
    stdlib, orjson = by_both(lambda: loads(frame))
    assert stdlib == orjson


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize(
    ("frame", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775809", -(2.0**63)),
        (b"123456789012345680000", 1.2345678901234568e20),
        (b'"12345678901234567890123"', "12345678901234567890123"),
    ],
)
def test_integers_beyond_64_bits_are_float(frame: bytes, value: Any) -> None:
    """The host had them as float64: its digits behind the 17th mean nothing."""
    assert repr(loads(frame)) == repr(value)


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("frame", [b"1e999", b"9" * 400])
def test_numbers_beyond_float64_are_infinite(frame: bytes) -> None:
    """Hosts never send them."""
    assert loads(frame) == math.inf


@pytest.mark.usefixtures("each_engine")
def test_a_frame_of_100_mb() -> None:
    """Good or bad, it is read; the error's text stays short."""
    text = "x" * 100_000_000
    assert len(loads(b'"' + text.encode() + b'"')) == len(text)
    with pytest.raises(MalformedMessageError) as caught:
        loads(text.encode())
    assert len(str(caught.value)) < 300
    assert "100000000 bytes" in str(caught.value)


texts = st.text(st.characters(), max_size=8)
keys = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.floats(), st.dates())
leaves = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.binary(max_size=8),
    st.decimals(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.uuids(),
    st.fractions(),
    st.timedeltas(),
    st.complex_numbers(),
)
plain_leaves = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats())


def trees(leaf: st.SearchStrategy[Any], key: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf,
        lambda child: st.one_of(
            st.lists(child, max_size=4),
            st.tuples(child, child),
            st.dictionaries(key, child, max_size=4),
        ),
        max_leaves=12,
    )


def sent(value: Any) -> str:
    """The meaning of what is sent: numbers by value, objects with their order."""
    text = dumps(value, "value").decode()
    return repr(json.loads(text, parse_constant=pytest.fail))


@settings(deadline=None, max_examples=300)
@given(value=trees(leaves, keys))
def test_both_engines_write_the_same(by_both: Outcomes, value: Any) -> None:
    """Any tree of values: the same meaning, or the same error at the same path."""
    stdlib, orjson = by_both(lambda: sent(value))
    assert stdlib == orjson


@settings(deadline=None, max_examples=300)
@given(value=trees(plain_leaves, texts), data=st.data())
def test_both_engines_read_the_same_of_broken_json(
    by_both: Outcomes, value: Any, data: st.DataObject
) -> None:
    """JSON with some bytes changed: the same value, or the same error."""
    frame = bytearray(json.dumps(value).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(frame)))
        frame[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"\\u", b"e9", b"1" * 20, b"NaN"]))
        )
    stdlib, orjson = by_both(lambda: loads(bytes(frame)))
    assert stdlib == orjson


@settings(deadline=None, max_examples=200)
@given(value=trees(plain_leaves, texts))
@pytest.mark.usefixtures("each_engine")
def test_what_is_sent_is_read_again(value: Any) -> None:
    """Sending twice changes nothing more."""
    once = loads(dumps(value, "value"))
    assert repr(loads(dumps(once, "value"))) == repr(once)
