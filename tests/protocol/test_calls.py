"""Calls of functions and their replies."""

import json
import math
from typing import Any

import pytest

from ekuiper.errors import MalformedMessageError, UnknownCommandError, UnsupportedValueError
from ekuiper.protocol.codec import (
    decode_args,
    decode_call,
    decode_reply,
    encode_call,
    encode_reply,
    encode_returned,
    ending_of,
)
from ekuiper.protocol.messages import Call, CallContext, Reply

pytestmark = pytest.mark.usefixtures("each_engine")

CONTEXT = CallContext("r1", "2_project", 0, 1)
CONTEXT_TEXT = '{"ruleId":"r1","opId":"2_project","instanceId":0,"funcId":1}'


def call_frame(func: Any, arg: Any) -> bytes:
    return json.dumps({"func": func, "arg": arg}).encode()


def test_exec_gives_its_arguments_and_its_place_apart() -> None:
    """The context comes as the last argument, as text; authors get neither."""
    call = decode_call(call_frame("Exec", [1, 2.5, None, "x", [1], {"k": 1}, CONTEXT_TEXT]))
    assert call == Call("Exec", [1, 2.5, None, "x", [1], {"k": 1}], CONTEXT)
    assert decode_call(call_frame("Exec", [CONTEXT_TEXT])) == Call("Exec", [], CONTEXT)


def test_calls_from_one_place_share_a_context() -> None:
    """The context's text is parsed once."""
    first = decode_call(call_frame("Exec", [1, CONTEXT_TEXT]))
    assert decode_call(call_frame("Exec", [2, CONTEXT_TEXT])).context is first.context


def test_a_call_from_the_place_of_the_one_before() -> None:
    """Its arguments are read without its context, which was read before."""
    ending = ending_of(encode_call(Call("Exec", [1], CONTEXT)))
    for args in ([1], [[], {"a": [None]}, ending.decode()], [b"\\".decode()]):
        assert decode_args(encode_call(Call("Exec", args, CONTEXT)), ending) == args


ENDING = ending_of(encode_call(Call("Exec", [1], CONTEXT)))


@pytest.mark.parametrize(
    "frame",
    [
        encode_call(Call("Exec", [1], CallContext("r1", "2_project", 0, 2))),  # another place
        encode_call(Call("Exec", [], CONTEXT)),
        call_frame("Exec", [1, CONTEXT_TEXT]),  # with blanks
        b'{"func":"Exec","arg":[1,' + ENDING,
        b'{"func":"Exec","arg":[1],[' + ENDING,
        b'{"func":"Other","arg":[1' + ENDING,
        b'{"func":"Exec","arg":{"a":1' + ENDING,
        b'{"func":"Validate","arg":null}',
        b"",
    ],
)
def test_what_only_the_whole_frame_can_tell(frame: bytes) -> None:
    """Another place, another request, or none at all: `decode_call` has the last word."""
    assert decode_args(frame, ENDING) is None
    assert decode_args(frame, b"") is None


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b'{"func":"Validate","arg":null}',
        call_frame("Exec", [1, CONTEXT_TEXT]),
        b'{"func":"Exec","arg":[1' + ENDING[:-1],
        b'{"func":"Exec","arg":[1' + ENDING.replace(b"0", b"null"),
    ],
)
def test_no_ending(frame: bytes) -> None:
    """Of what is no call, or not written as the host does."""
    assert ending_of(frame) == b""


@pytest.mark.parametrize("func", ["Validate", "IsAggregate"])
@pytest.mark.parametrize(
    ("frame", "args"), [('{"func":"%s","arg":null}', []), ('{"func":"%s","arg":[{"Val":1}]}', [1])]
)
def test_other_requests_have_no_context(func: str, frame: str, args: list[Any]) -> None:
    """Null, which the host sends for no arguments, is an empty list."""
    expected = [{"Val": value} for value in args]
    assert decode_call((frame % func).encode()) == Call(func, expected, None)
    assert decode_call(b'{"func":"%s"}' % func.encode()) == Call(func, [], None)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"handshake", "not JSON: Expecting value at character 0"),
        (b'{"func":"Exec","arg":[1', "not JSON: Expecting ',' delimiter at character 23"),
        (b'{"func":"Exec"} x', "not JSON: Extra data at character 16"),
        (b'{"func":"\xe9"}', "not UTF-8 at byte 9"),
        (b'{"func":"Exec","arg":[NaN]}', "not JSON: it has no NaN"),
        (b'{"func":"Exec","arg":[-Infinity]}', "not JSON: it has no -Infinity"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "a call must be an object, not an array"),
        (b'"Exec"', "a call must be an object, not a string"),
        (b"{}", "field 'func' is missing"),
        (b'{"func":null}', "field 'func' must be a string, not null"),
        (b'{"func":["Exec"]}', "field 'func' must be a string, not an array"),
        (b'{"func":"Validate","arg":{}}', "field 'arg' must be an array, not an object"),
        (b'{"func":"Exec","arg":"x"}', "field 'arg' must be an array, not a string"),
        (b'{"func":"Exec","arg":null}', "field 'arg' must end with the context, a string"),
        (b'{"func":"Exec","arg":[]}', "field 'arg' must end with the context, a string"),
        (b'{"func":"Exec","arg":[{}]}', "field 'arg' must end with the context, a string"),
        (call_frame("Exec", ["x"]), "not JSON: Expecting value at character 0"),
        (call_frame("Exec", ["[]"]), "the context of Exec must be an object, not an array"),
        (call_frame("Exec", ["{}"]), "field 'ruleId' is missing"),
        (
            call_frame("Exec", ['{"ruleId":"r","opId":1}']),
            "field 'opId' must be a string, not an integer",
        ),
        (
            call_frame("Exec", [CONTEXT_TEXT.replace("0", "null")]),
            "field 'instanceId' must be an integer, not null",
        ),
        (
            call_frame("Exec", [CONTEXT_TEXT.replace("1}", '"1"}')]),
            "field 'funcId' must be an integer, not a string",
        ),
    ],
)
def test_a_malformed_call_is_refused_with_the_name_of_its_field(frame: bytes, reason: str) -> None:
    """The error says which field, what it must be and what it is."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_call(frame)
    assert caught.value.reason == reason


def test_an_unknown_request_is_named() -> None:
    """A request of a later host is told from a malformed message."""
    with pytest.raises(UnknownCommandError) as caught:
        decode_call(call_frame("Describe", []))
    known = "Validate, Exec, IsAggregate"
    assert str(caught.value) == f"unknown function request 'Describe'; known: {known}"


def test_calls_are_encoded_as_the_host_does() -> None:
    """Exec carries maps, whose keys Go sorts; Validate carries structs, which keep their order."""
    assert encode_call(Call("IsAggregate", [], None)) == b'{"func":"IsAggregate","arg":null}'
    assert encode_call(Call("Validate", [], None)) == b'{"func":"Validate","arg":null}'
    assert encode_call(Call("Validate", [{"b": 1, "a": 2.0}], None)) == (
        b'{"func":"Validate","arg":[{"b":1,"a":2}]}'
    )
    call = Call("Exec", [{"b": 1, "a": 2.0}, "<"], CONTEXT)
    assert encode_call(call) == (
        rb'{"func":"Exec","arg":[{"a":2,"b":1},"\u003c","{\"ruleId\":\"r1\",'
        rb'\"opId\":\"2_project\",\"instanceId\":0,\"funcId\":1}"]}'
    )
    assert call.args == [{"b": 1, "a": 2.0}, "<"]


def test_a_call_that_the_host_cannot_send_is_refused() -> None:
    """Go refuses NaN, and so does the host role."""
    with pytest.raises(UnsupportedValueError, match="float nan"):
        encode_call(Call("Exec", [math.nan], CONTEXT))


@pytest.mark.parametrize(
    ("reply", "frame"),
    [
        (Reply(True, None), b'{"state":true,"result":null}'),
        (Reply(True, False), b'{"state":true,"result":false}'),
        (Reply(True, ""), b'{"state":true,"result":""}'),
        (Reply(False, "bad value"), b'{"state":false,"result":"bad value"}'),
        (Reply(True, {"é": [1, 2.5]}), '{"state":true,"result":{"é":[1,2.5]}}'.encode()),
    ],
)
def test_replies_are_compact_json(reply: Reply, frame: bytes) -> None:
    """State first, then the result, in UTF-8, and back."""
    assert encode_reply(reply) == frame
    assert decode_reply(frame) == reply


def test_a_result_without_a_json_form_is_refused_with_its_place() -> None:
    """The path begins at the result."""
    with pytest.raises(UnsupportedValueError) as caught:
        encode_reply(Reply(True, {"a": [1, 2j]}))
    assert (caught.value.path, caught.value.value_type) == ("result.a[1]", "complex")


def test_a_reply_without_a_result_has_none() -> None:
    """As in the host, where it is nil."""
    assert decode_reply(b' {"state":true, "more":1}\n') == Reply(True, None)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"handshake", "not JSON: Expecting value at character 0"),
        (b"[]", "a reply must be an object, not an array"),
        (b"{}", "field 'state' is missing"),
        (b'{"state":1}', "field 'state' must be a boolean, not an integer"),
        (b'{"state":true,"result":NaN}', "not JSON: it has no NaN"),
    ],
)
def test_a_malformed_reply_is_refused(frame: bytes, reason: str) -> None:
    """NaN included: the host cannot read it either."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_reply(frame)
    assert caught.value.reason == reason


def test_what_a_call_returned() -> None:
    """The reply without the making of a `Reply`."""
    assert encode_returned([1, None]) == encode_reply(Reply(True, [1, None]))
    with pytest.raises(UnsupportedValueError, match="result"):
        encode_returned(1j)
