"""The one-way channels: a source's rows and errors, a sink's acknowledgements.

What a sink receives is whatever the action's format and template made, so it has no codec.
"""

from ..errors import UnsupportedValueError
from ..typed import Any
from .engine import dumps, loads
from .fields import as_object, optional_field
from .messages import Ack, Row, SourceError
from .values import type_name

__all__ = [
    "decode_ack",
    "decode_source",
    "encode_ack",
    "encode_row",
    "encode_source_error",
]


def encode_row(row: Row | tuple[Any, Any]) -> bytes:
    """Plugin's end. Raises `UnsupportedValueError` if the row is no dict or has no JSON form.

    A plain pair will do: to make a `Row` takes longer than to encode a small one.
    """
    message, meta = row
    if not isinstance(message, dict):
        raise UnsupportedValueError(type_name(message), "message", "is no row; emit a dict")
    if meta is None:
        return b'{"message":%b,"meta":null}' % dumps(message, "message")
    if not isinstance(meta, dict):
        raise UnsupportedValueError(type_name(meta), "meta", "is no meta; give a dict or None")
    # With tracing on, eKuiper 2.x takes it for a string unasked (traceStart in source_node.go).
    trace = meta.get("traceId", "")
    if not isinstance(trace, str):
        raise UnsupportedValueError(type_name(trace), "meta.traceId", "is no trace; give a str")
    return b'{"message":%b,"meta":%b}' % (dumps(message, "message"), dumps(meta, "meta"))


def encode_source_error(error: SourceError) -> bytes:
    """Plugin's end: a bare string, which the host cannot take for a row and therefore reports.

    An object with the key `error` would pass for an empty row, and the text would be lost.
    """
    return dumps(error.text, "error")


def decode_source(frame: bytes) -> Row | SourceError:
    """Host's end. An object without `message` is an empty row, as in the host."""
    value = loads(frame)
    if type(value) is str:
        return SourceError(value)
    row = as_object(frame, value, "a row")
    message = optional_field(frame, row, "message", dict)
    return Row(message or {}, optional_field(frame, row, "meta", dict))


def encode_ack(ack: Ack) -> bytes:
    """Plugin's end. An error without text gets one: empty would mean that the row was taken."""
    return (
        b"{}" if ack.error is None else b'{"error":' + dumps(ack.error or "error", "error") + b"}"
    )


def decode_ack(frame: bytes) -> Ack:
    """Host's end. An empty error is none."""
    ack = as_object(frame, loads(frame), "an acknowledgement")
    return Ack(optional_field(frame, ack, "error", str) or None)
