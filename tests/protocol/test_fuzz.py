"""Decoders are total: a message or a `ProtocolError`, whatever the bytes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekuiper.errors import ProtocolError, UnsupportedValueError
from ekuiper.protocol import codec
from ekuiper.protocol.messages import (
    Ack,
    Call,
    CallContext,
    Command,
    Meta,
    Reply,
    Row,
    SourceError,
)

pytestmark = pytest.mark.usefixtures("each_engine")

fuzz = settings(deadline=None, max_examples=300)

DECODERS = {
    codec.decode_command: Command,
    codec.decode_call: Call,
    codec.decode_reply: Reply,
    codec.decode_source: (Row, SourceError),
    codec.decode_ack: Ack,
}

texts = st.text(st.characters(), max_size=6)
WORDS = """cmd start stop arg symbolName meta ruleId opId instanceId pluginType source sink func
config dataSource Validate Exec IsAggregate funcId state result message error"""
words = st.sampled_from(WORDS.split())
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, words),
    lambda child: st.one_of(
        st.lists(child, max_size=3),
        st.dictionaries(st.one_of(words, texts), child, max_size=6),
        child.map(json.dumps),
    ),
    max_leaves=20,
)
numbers = st.integers(-(2**63), 2**63 - 1)
ids = st.text(max_size=6)
metas = st.builds(Meta, ids, ids, numbers)
contexts = st.builds(CallContext, ids, ids, numbers, numbers)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, ids),
    lambda child: st.one_of(st.lists(child, max_size=3), st.dictionaries(ids, child, max_size=3)),
    max_leaves=8,
)
commands = st.builds(
    Command,
    st.sampled_from(["start", "stop"]),
    st.sampled_from(["source", "sink", "func"]),
    ids,
    metas,
    st.one_of(st.none(), st.text(min_size=1, max_size=6)),
    st.dictionaries(ids, json_values, max_size=3),
)


def check(frame: bytes) -> None:
    for decode, kinds in DECODERS.items():
        try:
            message = decode(frame)
        except ProtocolError:
            continue
        assert isinstance(message, kinds)
    assert codec.decode_result(frame) is None or frame != b"ok"
    assert codec.is_handshake(frame) == (frame[:1] == b"h")


@fuzz
@given(frame=st.binary())
def test_any_bytes(frame: bytes) -> None:
    """Nothing but messages and protocol errors comes out."""
    check(frame)


@fuzz
@given(value=anything)
def test_any_json(value: Any) -> None:
    """Neither does it of JSON with the right words in the wrong places."""
    check(json.dumps(value).encode())


@fuzz
@given(value=anything, data=st.data())
def test_broken_messages(value: Any, data: st.DataObject) -> None:
    """Nor of real messages cut short, changed or with something behind them."""
    frame = data.draw(
        st.sampled_from(
            [
                codec.encode_command(
                    Command("start", "sink", "s", Meta("r", "o", 0), "d", {"a": [1.5]})
                ),
                codec.encode_call(Call("Exec", [1, "a"], CallContext("r", "o", 0, 1))),
                codec.encode_reply(Reply(True, {"a": 1})),
                codec.encode_row(Row({"a": 1}, {"b": 2})),
                codec.encode_ack(Ack("full")),
            ]
        )
    )
    start = data.draw(st.integers(0, len(frame)))
    end = data.draw(st.integers(start, len(frame)))
    middle = data.draw(st.one_of(st.binary(max_size=4), st.just(json.dumps(value).encode())))
    check(frame[:start] + middle + frame[end:])


@fuzz
@given(command=commands)
def test_commands_come_back(command: Command) -> None:
    """What the host role encodes, the plugin decodes."""
    assert codec.decode_command(codec.encode_command(command)) == command


@fuzz
@given(args=st.lists(json_values, max_size=4), context=contexts)
def test_calls_come_back(args: list[Any], context: CallContext) -> None:
    """What the host role encodes, the plugin decodes."""
    call = Call("Exec", args, context)
    assert codec.decode_call(codec.encode_call(call)) == call


@fuzz
@given(reply=st.builds(Reply, st.booleans(), json_values))
def test_replies_come_back(reply: Reply) -> None:
    """What a plugin encodes, the host role decodes."""
    assert codec.decode_reply(codec.encode_reply(reply)) == reply


@fuzz
@given(value=anything)
def test_encoders_raise_nothing_else(value: Any) -> None:
    """Whatever a row, a result or an error holds, it is sent or refused."""
    for encode, message in (
        (codec.encode_reply, Reply(True, value)),
        (codec.encode_row, Row({"a": value}, value)),
        (codec.encode_row, Row(value, None)),
        (codec.encode_call, Call("Exec", [value], None)),
        (codec.encode_ack, Ack(str(value))),
        (codec.encode_source_error, SourceError(str(value))),
        (codec.encode_result, str(value)),
    ):
        try:
            frame = encode(message)
        except UnsupportedValueError:
            continue
        if encode is not codec.encode_result:
            json.loads(frame, parse_constant=pytest.fail)


tricky = st.sampled_from([',"{\\"ruleId', ',"', '{"ruleId":"r"}', "]}", '"]}', "\\"])


@st.composite
def nearly_calls(draw: st.DrawFn) -> bytes:
    """Frames as the host writes them, some with a few bytes changed, left out or put in."""
    values = draw(st.lists(st.one_of(json_values, tricky, tricky.map(lambda text: [text]))))
    frame = bytearray(codec.encode_call(Call("Exec", values, draw(contexts))))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(frame) - 1))
        some = draw(st.sampled_from([b"", b'"', b"\\", b",", b"[", b"]", b"{", b"}", b"1", b" "]))
        frame[at : at + draw(st.integers(0, 2))] = some
    return bytes(frame)


@settings(fuzz, max_examples=600)
@given(frame=nearly_calls())
def test_a_call_means_the_same_however_it_is_written(frame: bytes) -> None:
    """With the context remembered from a call before or not, before blanks, which JSON allows."""

    def meant(frame: bytes) -> object:
        try:
            return codec.decode_call(frame)
        except ProtocolError as error:
            return type(error)

    assert meant(frame) == meant(b" " + frame) == meant(frame)
