"""Framing of the Scalability Protocols over a byte stream: what nng and mangos speak. Pure.

Each end first sends a greeting of eight bytes that names its protocol. Then every message is
one byte 1, its length as eight big-endian bytes, and that many bytes. On REQ and REP the message
starts with four-byte words up to one whose top bit is set, the request id; a reply echoes them.
"""

from struct import Struct

__all__ = [
    "PULL",
    "PUSH",
    "REP",
    "REQ",
    "REQUEST_HEAD_SIZE",
    "Decoder",
    "frame_head",
    "greeting",
    "next_request_id",
    "request_head",
    "split_request",
]

REQ = 0x30
REP = 0x31
PUSH = 0x50
PULL = 0x51

_NAMES = {REQ: "REQ", REP: "REP", PUSH: "PUSH", PULL: "PULL"}
_GREETING = Struct(">4sHH")
_MAGIC = b"\0SP\0"
_HEAD = Struct(">BQ")
_REQUEST_HEAD = Struct(">BQI")
REQUEST_HEAD_SIZE = _REQUEST_HEAD.size
_MESSAGE = 1
_LONGEST = 2**63 - 1  # lengths are signed to mangos
_FINAL = 0x80  # set in the first byte of a request id, the last word of a backtrace
_MAX_HOPS = 8


def greeting(protocol: int) -> bytes:
    """What an end that speaks `protocol` says first."""
    return _GREETING.pack(_MAGIC, protocol, 0)


def frame_head(size: int) -> bytes:
    """What stands before a message of `size` bytes."""
    return _HEAD.pack(_MESSAGE, size)


def request_head(request_id: int, size: int) -> bytes:
    """What stands before a request with `size` bytes of payload."""
    return _REQUEST_HEAD.pack(_MESSAGE, size + 4, request_id)


def next_request_id(last: int) -> int:
    """The id after `last`; the top bit stays set."""
    return (last + 1) & 0xFFFFFFFF | 0x80000000


def split_request(body: bytes) -> tuple[bytes, bytes] | None:
    """Backtrace and payload of a request; None if it has no id within the eight hops allowed."""
    for end in range(4, 4 * _MAX_HOPS + 1, 4):
        if len(body) < end:
            return None
        if body[end - 4] & _FINAL:
            return body[:end], body[end:]
    return None


class Decoder:
    """Turns the bytes that one peer sends into messages, however they are cut.

    Memory grows with what came, never with a length that was only announced.
    `missing` counts the bytes until a message that was begun is complete, `greeted` is true
    once the peer's greeting came, `between` while nothing but whole messages came after it, and
    `fault` says what was wrong: from then on
    the connection is good for nothing, but messages before the fault are whole.
    """

    __slots__ = (
        "_begun",
        "_body",
        "_expected",
        "_longest",
        "between",
        "fault",
        "greeted",
        "missing",
    )

    def __init__(self, expected: int, longest: int | None = None) -> None:
        self._expected = expected
        self._longest = _LONGEST if longest is None else longest
        self._begun = b""  # of a greeting or head not yet complete
        self._body = bytearray()  # of a message not yet complete
        self.missing = 0  # bytes until it is
        self.greeted = False
        self.between = False
        self.fault = ""

    @property
    def wanted(self) -> int:
        """How many bytes to read to get no further than the current greeting, head or message."""
        size = _HEAD.size if self.greeted else _GREETING.size
        return self.missing or size - len(self._begun)

    @property
    def begun(self) -> bool:
        """Whether part of a greeting or message came."""
        return bool(self.missing or self._begun)

    def rest(self) -> bytes:
        """Bytes that bring a new decoder to where this one is, without any message."""
        if not self.greeted:
            return self._begun
        head = frame_head(self.missing + len(self._body)) if self.missing else b""
        return greeting(self._expected) + head + self._body + self._begun

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes."""
        size = len(data) - _HEAD.size
        if self.between and 0 <= size <= self._longest and data.startswith(frame_head(size)):
            return [data[_HEAD.size :]]  # it is one, and no more: so it is where each is waited for
        frames: list[bytes] = []
        if self.missing:
            data = self._continue(data, frames)
        if self._begun:
            data = self._begun + data
            self._begun = b""
        at = 0 if self.greeted else self._greet(data)
        end = len(data)
        while end - at >= 9 and not self.fault:
            kind, size = _HEAD.unpack_from(data, at)
            if kind != _MESSAGE or size > self._longest:
                self.fault = self._fault_of(kind, size)
                break
            at += 9
            if size > end - at:
                self._body += memoryview(data)[at:]
                self.missing = size - (end - at)
                self.between = False
                return frames
            frames.append(data[at : at + size])
            at += size
        self._begun = data[at:]
        self.between = self.greeted and not self._begun and not self.missing
        return frames

    def _continue(self, data: bytes, frames: list[bytes]) -> bytes:
        part = data[: self.missing]
        self._body += part
        self.missing -= len(part)
        if not self.missing:
            frames.append(bytes(self._body))
            self._body = bytearray()
        return data[len(part) :]

    def _fault_of(self, kind: int, size: int) -> str:
        if kind != _MESSAGE:
            return f"message type {kind} instead of {_MESSAGE}"
        return f"a message of {size} bytes where {self._longest} are allowed"

    def _greet(self, data: bytes) -> int:
        if len(data) < _GREETING.size:
            return 0
        magic, protocol, reserved = _GREETING.unpack_from(data)
        if magic != _MAGIC or reserved:
            self.fault = f"a greeting that is not SP version 0: {data[: _GREETING.size].hex(' ')}"
        elif protocol != self._expected:
            got = _NAMES.get(protocol, hex(protocol))
            self.fault = f"protocol {got} where {_NAMES[self._expected]} was expected"
        self.greeted = not self.fault
        return _GREETING.size
