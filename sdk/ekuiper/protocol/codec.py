"""Bytes to messages and back, for both ends of every channel.

Decoders are total: a message, or a `ProtocolError`, whatever the bytes. Encoders raise
`UnsupportedValueError` for what has no JSON form, and nothing else.
"""

from .calls import (
    decode_args,
    decode_call,
    decode_reply,
    encode_call,
    encode_reply,
    encode_returned,
    ending_of,
)
from .control import decode_command, decode_result, encode_command, encode_result, is_handshake
from .rows import decode_ack, decode_source, encode_ack, encode_row, encode_source_error

__all__ = [
    "decode_ack",
    "decode_args",
    "decode_call",
    "decode_command",
    "decode_reply",
    "decode_result",
    "decode_source",
    "encode_ack",
    "encode_call",
    "encode_command",
    "encode_reply",
    "encode_result",
    "encode_returned",
    "encode_row",
    "encode_source_error",
    "ending_of",
    "is_handshake",
]
