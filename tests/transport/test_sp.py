"""Framing, without any I/O."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekuiper.transport.sp import (
    PULL,
    PUSH,
    REP,
    REQ,
    Decoder,
    frame_head,
    greeting,
    next_request_id,
    request_head,
    split_request,
)

messages = st.lists(st.binary(max_size=300), max_size=8)


def wire(bodies: list[bytes], protocol: int = PUSH) -> bytes:
    return greeting(protocol) + b"".join(frame_head(len(body)) + body for body in bodies)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def test_the_bytes_of_a_greeting() -> None:
    """Eight bytes with the protocol's number."""
    assert greeting(REQ) == bytes.fromhex("0053500000300000")
    assert greeting(REP) == bytes.fromhex("0053500000310000")
    assert greeting(PUSH) == bytes.fromhex("0053500000500000")
    assert greeting(PULL) == bytes.fromhex("0053500000510000")


def test_the_bytes_of_a_request() -> None:
    """A recorded handshake."""
    head = request_head(0x8F795FA6, len(b"handshake"))
    assert (head + b"handshake").hex() == "01000000000000000d8f795fa668616e647368616b65"


@pytest.mark.parametrize(
    ("last", "following"),
    [(0, 0x80000001), (0x80000000, 0x80000001), (0xFFFFFFFF, 0x80000000), (0x7FFFFFFF, 0x80000000)],
)
def test_request_ids(last: int, following: int) -> None:
    """Counted up, with the top bit set, over the end to the beginning."""
    assert next_request_id(last) == following


@given(messages, st.lists(st.integers(0, 5000), max_size=20))
def test_messages_arrive_however_they_are_cut(bodies: list[bytes], places: list[int]) -> None:
    """Decoding does not depend on how many bytes come at a time."""
    decoder = Decoder(PUSH)
    decoded = [body for part in cut(wire(bodies), places) for body in decoder.feed(part)]
    assert decoded == bodies
    assert decoder.greeted
    assert not decoder.fault
    assert decoder.missing == 0


@given(messages)
def test_reading_what_is_wanted_never_reads_too_far(bodies: list[bytes]) -> None:
    """With `wanted` bytes at a time, each read ends a greeting, a head or a message."""
    decoder, data, decoded = Decoder(PUSH), wire(bodies), []
    while data:
        part, data = data[: decoder.wanted], data[decoder.wanted :]
        found = decoder.feed(part)
        assert len(found) <= 1
        decoded += found
    assert decoded == bodies


@given(messages, st.integers(0, 10_000), st.integers(1, 255), st.lists(st.integers(0, 5000)))
def test_changed_bytes_do_no_harm(
    bodies: list[bytes], place: int, change: int, places: list[int]
) -> None:
    """Whatever comes, messages before the change are whole and nothing is raised."""
    data = bytearray(wire(bodies))
    place %= len(data)
    data[place] ^= change
    decoder = Decoder(PUSH)
    decoded = [body for part in cut(bytes(data), places) for body in decoder.feed(part)]
    whole, end = [], 8
    for body in bodies:
        end += 9 + len(body)
        if end <= place:
            whole.append(body)
    assert decoded[: len(whole)] == whole
    if place < 8:
        assert decoder.fault
        assert decoded == []


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_noise_does_no_harm(data: bytes, places: list[int]) -> None:
    """Bytes of any kind end in messages, a fault, or a wait for more."""
    decoder = Decoder(REP)
    for part in cut(data, places):
        decoder.feed(part)
    assert decoder.greeted or decoder.fault or len(data) < 8


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"GET / HTTP/1.1", "not SP version 0: 47 45 54 20 2f 20 48 54"),
        (b"\0SP\1\0\x50\0\0", "not SP version 0: 00 53 50 01"),
        (b"\0SP\0\0\x50\0\1", "not SP version 0"),
        (greeting(REQ), "protocol REQ where PUSH was expected"),
        (greeting(0x10), "protocol 0x10 where PUSH was expected"),
        (greeting(PUSH) + b"\2" + bytes(8), "message type 2 instead of 1"),
        (greeting(PUSH) + b"\1" + b"\xff" * 8, "a message of 18446744073709551615 bytes"),
        (greeting(PUSH) + frame_head(2**63), "a message of 9223372036854775808 bytes"),
    ],
)
def test_faults_say_what_was_wrong(data: bytes, fault: str) -> None:
    """And nothing is decoded after one."""
    decoder = Decoder(PUSH)
    assert decoder.feed(data) == []
    assert fault in decoder.fault
    assert decoder.feed(wire([b"a"])) == []


def test_messages_before_a_fault_are_whole() -> None:
    """What came before still counts."""
    decoder = Decoder(PUSH)
    assert decoder.feed(wire([b"a", b"b"]) + b"\0" * 9) == [b"a", b"b"]
    assert decoder.fault


def test_a_length_is_not_believed() -> None:
    """The longest possible length allocates nothing."""
    decoder = Decoder(PUSH)
    assert decoder.feed(greeting(PUSH) + frame_head(2**63 - 1) + b"abc") == []
    assert not decoder.fault
    assert decoder.missing == 2**63 - 1 - 3


@given(st.lists(st.integers(0, 2**31 - 1), max_size=9), st.integers(2**31, 2**32 - 1), st.binary())
def test_a_backtrace_ends_with_the_id(hops: list[int], request_id: int, payload: bytes) -> None:
    """Words without the top bit, then one with it; eight words at most."""
    trace = struct.pack(f">{len(hops) + 1}I", *hops, request_id)
    expected = (trace, payload) if len(hops) < 8 else None
    assert split_request(trace + payload) == expected


@given(st.binary(max_size=40))
def test_noise_is_no_request(body: bytes) -> None:
    """Or it has a backtrace."""
    request = split_request(body)
    if request is not None:
        assert b"".join(request) == body
        assert request[0][-4] & 0x80
