"""Rows and errors of sources, acknowledgements of sinks."""

from typing import Any

import pytest

from ekuiper.errors import MalformedMessageError, UnsupportedValueError
from ekuiper.protocol.codec import (
    decode_ack,
    decode_source,
    encode_ack,
    encode_row,
    encode_source_error,
)
from ekuiper.protocol.messages import Ack, Row, SourceError

pytestmark = pytest.mark.usefixtures("each_engine")


@pytest.mark.parametrize(
    ("row", "frame"),
    [
        (Row({"a": 1}, None), b'{"message":{"a":1},"meta":null}'),
        (Row({}, {}), b'{"message":{},"meta":{}}'),
        (Row({"a": "é"}, {"b": [None]}), '{"message":{"a":"é"},"meta":{"b":[null]}}'.encode()),
        (Row({}, {"traceId": "00-1"}), b'{"message":{},"meta":{"traceId":"00-1"}}'),
    ],
)
def test_rows_are_compact_json(row: Row, frame: bytes) -> None:
    """Message first, then meta, in UTF-8, and back."""
    assert encode_row(row) == frame
    assert decode_source(frame) == row


@pytest.mark.parametrize(
    ("message", "meta", "text"),
    [
        ([], None, "message: a value of type list is no row; emit a dict"),
        (None, None, "message: a value of type NoneType is no row; emit a dict"),
        ({}, "m", "meta: a value of type str is no meta; give a dict or None"),
        ({}, {"traceId": 3}, "meta.traceId: a value of type int is no trace; give a str"),
    ],
)
def test_what_is_no_row_is_refused(message: Any, meta: Any, text: str) -> None:
    """The host would skip it, or stop at a trace id that is no text."""
    with pytest.raises(UnsupportedValueError) as caught:
        encode_row(Row(message, meta))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("message", "meta", "path"),
    [
        ({"a": [0, {"b": 1j}]}, None, "message.a[1].b"),
        ({"a b": {7: 1j}}, None, "message['a b'][7]"),
        ({}, {"a": 1j}, "meta.a"),
    ],
)
def test_a_value_without_a_json_form_is_refused_with_its_place(
    message: Any, meta: Any, path: str
) -> None:
    """The path reads as one would write it in Python."""
    with pytest.raises(UnsupportedValueError) as caught:
        encode_row(Row(message, meta))
    assert (caught.value.path, caught.value.value_type) == (path, "complex")


def test_an_error_of_a_source_is_a_bare_string() -> None:
    """An object with `error` would pass for an empty row."""
    assert encode_source_error(SourceError('no "broker"')) == rb'"no \"broker\""'
    assert decode_source(rb'"no \"broker\""') == SourceError('no "broker"')
    assert encode_source_error(SourceError("\ud800")) == '"�"'.encode()


@pytest.mark.parametrize("frame", [b"{}", b'{"error":"lost"}', b'{"message":null}'])
def test_an_object_without_a_message_is_an_empty_row(frame: bytes) -> None:
    """So it is in the host, which is why the official emit_error is never seen there."""
    assert decode_source(frame) == Row({}, None)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b'[{"message":{}}]', "a row must be an object, not an array"),
        (b"1.5", "a row must be an object, not a fraction"),
        (b'{"message":[]}', "field 'message' must be an object, not an array"),
        (b'{"message":{},"meta":1}', "field 'meta' must be an object, not an integer"),
    ],
)
def test_a_malformed_source_message_is_refused(frame: bytes, reason: str) -> None:
    """What the host reports as invalid data format."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_source(frame)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("ack", "frame"),
    [(Ack(None), b"{}"), (Ack("disk full"), b'{"error":"disk full"}')],
)
def test_acknowledgements(ack: Ack, frame: bytes) -> None:
    """An empty object, or one with the error."""
    assert encode_ack(ack) == frame
    assert decode_ack(frame) == ack


def test_an_error_without_text_is_still_an_error() -> None:
    """An empty text would tell the host that the row was taken."""
    assert encode_ack(Ack("")) == b'{"error":"error"}'
    assert decode_ack(b'{"error":""}') == Ack(None)
    assert decode_ack(b'{"error":null}') == Ack(None)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"ok", "not JSON: Expecting value at character 0"),
        (b"[]", "an acknowledgement must be an object, not an array"),
        (b'{"error":3}', "field 'error' must be a string, not an integer"),
    ],
)
def test_a_malformed_acknowledgement_is_refused(frame: bytes, reason: str) -> None:
    """The host counts these as failures that are not retried."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_ack(frame)
    assert caught.value.reason == reason
