"""Commands and their results."""

import json
from typing import Any

import pytest

from ekuiper.errors import MalformedMessageError, UnknownCommandError
from ekuiper.protocol.codec import (
    decode_command,
    decode_result,
    encode_command,
    encode_result,
    is_handshake,
)
from ekuiper.protocol.messages import HANDSHAKE, Command, Meta

CONTROL = {
    "symbolName": "pyjson",
    "meta": {"ruleId": "rule1", "opId": "demo", "instanceId": 0},
    "pluginType": "source",
}
PLACE = Meta("rule1", "demo", 0)


def command_frame(control: Any = CONTROL, **changes: Any) -> bytes:
    return json.dumps({"cmd": "start", "arg": json.dumps(control), **changes}).encode()


def changed(**changes: Any) -> dict[str, Any]:
    return {**CONTROL, **changes}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in CONTROL.items() if name != key}


def test_a_command_becomes_a_typed_message() -> None:
    """Both layers of JSON are read, unknown keys are ignored."""
    control = changed(config={"key": "", "datasource": "t"}, more=1)
    frame = command_frame(control, cmd="stop", more=2)
    expected = Command("stop", "source", "pyjson", PLACE, None, {"key": "", "datasource": "t"})
    assert decode_command(frame) == expected


@pytest.mark.parametrize("missing", [{}, {"config": None}, {"config": {}}])
def test_a_config_that_was_left_out_is_empty(missing: dict[str, Any]) -> None:
    """Authors always get a dict."""
    assert decode_command(command_frame(changed(**missing))).config == {}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, None),
        ({"dataSource": "a"}, "a"),
        ({"datasource": "b"}, "b"),
        ({"dataSource": "a", "datasource": "b"}, "a"),
        ({"dataSource": None, "datasource": "b"}, "b"),
        ({"dataSource": ""}, ""),
    ],
)
def test_the_data_source_under_both_spellings(sent: dict[str, Any], expected: str | None) -> None:
    """1.x writes `dataSource`; other programs wrote `datasource`."""
    assert decode_command(command_frame(changed(**sent))).datasource == expected


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"[]", "a command must be an object, not an array"),
        (b"null", "a command must be an object, not null"),
        (b'{"arg":"{}"}', "field 'cmd' is missing"),
        (b'{"cmd":1,"arg":"{}"}', "field 'cmd' must be a string, not an integer"),
        (b'{"cmd":"start"}', "field 'arg' is missing"),
        (b'{"cmd":"start","arg":{}}', "field 'arg' must be a string, not an object"),
        (b'{"cmd":"start","arg":"x"}', "not JSON: Expecting value at character 0"),
        (b'{"cmd":"start","arg":"\\ud800"}', "not UTF-8 at byte 0"),
        (command_frame(3), "the text in field 'arg' must be an object, not an integer"),
        (command_frame(without("symbolName")), "field 'arg.symbolName' is missing"),
        (
            command_frame(changed(symbolName=None)),
            "field 'arg.symbolName' must be a string, not null",
        ),
        (command_frame(without("pluginType")), "field 'arg.pluginType' is missing"),
        (
            command_frame(changed(pluginType=1.5)),
            "field 'arg.pluginType' must be a string, not a fraction",
        ),
        (command_frame(without("meta")), "field 'arg.meta' is missing"),
        (command_frame(changed(meta=[])), "field 'arg.meta' must be an object, not an array"),
        (command_frame(changed(meta={})), "field 'arg.meta.ruleId' is missing"),
        (
            command_frame(changed(meta={"ruleId": 1})),
            "field 'arg.meta.ruleId' must be a string, not an integer",
        ),
        (
            command_frame(changed(meta={"ruleId": "r", "opId": True})),
            "field 'arg.meta.opId' must be a string, not a boolean",
        ),
        (
            command_frame(changed(meta={"ruleId": "r", "opId": "o", "instanceId": True})),
            "field 'arg.meta.instanceId' must be an integer, not a boolean",
        ),
        (
            command_frame(changed(dataSource=3)),
            "field 'arg.dataSource' must be a string, not an integer",
        ),
        (
            command_frame(changed(datasource=[])),
            "field 'arg.datasource' must be a string, not an array",
        ),
        (command_frame(changed(config=[])), "field 'arg.config' must be an object, not an array"),
        (command_frame(changed(config="")), "field 'arg.config' must be an object, not a string"),
    ],
)
def test_a_malformed_command_is_refused_with_the_name_of_its_field(
    frame: bytes, reason: str
) -> None:
    """The error says which field, what it must be and what it is, and keeps the frame."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_command(frame)
    assert caught.value.reason == reason
    assert caught.value.frame == frame


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (command_frame(cmd="pause"), "unknown command 'pause'; known: start, stop"),
        (command_frame(cmd="x" * 9999), f"unknown command '{'x' * 80}'…; known: start, stop"),
        (
            command_frame(changed(pluginType="lookup")),
            "unknown plugin type 'lookup'; known: source, sink, func",
        ),
    ],
)
def test_unknown_words_are_named(frame: bytes, text: str) -> None:
    """A command or plugin type of a later host is told from a malformed message."""
    with pytest.raises(UnknownCommandError) as caught:
        decode_command(frame)
    assert str(caught.value) == text


def test_a_command_is_encoded_as_the_host_does() -> None:
    """Fields in the host's order, keys of the config sorted, `<` escaped in both layers."""
    command = Command(
        "start", "sink", "s<", Meta("r", "s_0", 0), "t", {"b": {"z": 1.0, "a": []}, "a": "&"}
    )
    assert encode_command(command) == (
        rb'{"cmd":"start","arg":"{\"symbolName\":\"s\\u003c\",\"meta\":{\"ruleId\":\"r\",'
        rb"\"opId\":\"s_0\",\"instanceId\":0},\"pluginType\":\"sink\",\"dataSource\":\"t\","
        rb'\"config\":{\"a\":\"\\u0026\",\"b\":{\"a\":[],\"z\":1}}}"}'
    )
    assert decode_command(encode_command(command)) == command


def test_empty_fields_of_a_command_are_left_out() -> None:
    """A function's start is the 128 bytes that every host sends."""
    frame = encode_command(Command("start", "func", "f", Meta("", "", 0), "", {}))
    assert len(frame) == 128
    assert b"dataSource" not in frame
    assert b"config" not in frame


def test_success_is_two_bytes() -> None:
    """The host compares with exactly `ok`."""
    assert encode_result(None) == b"ok"
    assert decode_result(b"ok") is None


@pytest.mark.parametrize("text", ["host unreachable", "ok", "h", "", "é", "a\nb"])
def test_an_error_never_looks_like_a_handshake_or_success(text: str) -> None:
    """The prefix keeps hosts from 2.1.3 on from sending the command again for ever."""
    frame = encode_result(text)
    assert frame == b"error: " + text.encode()
    assert not is_handshake(frame)
    assert decode_result(frame) == f"error: {text}"


def test_the_prefix_of_an_error_stands_once() -> None:
    """A text that has it already is left alone."""
    assert encode_result("error: no broker") == b"error: no broker"


@pytest.mark.parametrize("char", ["x", "é", "温", "😀"])
@pytest.mark.parametrize("shift", ["", "a", "ab", "abc"])
def test_a_long_error_is_cut_between_characters(char: str, shift: str) -> None:
    """At most 4096 bytes, ending in a mark, valid UTF-8."""
    frame = encode_result(shift + char * 5000)
    assert 4096 - 4 < len(frame) <= 4096
    assert frame.decode().endswith(f"{char} …")


def test_an_error_of_just_the_limit_is_not_cut() -> None:
    """4096 bytes pass whole."""
    assert encode_result("x" * 4089) == b"error: " + b"x" * 4089


def test_lone_surrogates_in_an_error_are_replaced() -> None:
    """An exception's text may hold anything that a str can."""
    assert encode_result("file \udcff") == "error: file �".encode()


def test_any_answer_of_a_plugin_is_a_result() -> None:
    """What is not `ok` is an error, bytes that are not UTF-8 included."""
    assert decode_result(b"") == ""
    assert decode_result(b"handshake") == "handshake"
    assert decode_result(b"\xff") == "�"


def test_the_first_byte_makes_a_handshake() -> None:
    """Hosts look no further."""
    assert is_handshake(HANDSHAKE)
    assert is_handshake(b"h")
    assert not is_handshake(b"")
    assert not is_handshake(b"ok")
