"""Waiting for several descriptors: on Linux, and as other systems do it."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from ekuiper.transport.eyes import Eyes, _Epoll, _Selector, new_eyes

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[_Epoll, _Selector] if hasattr(select, "epoll") else [_Selector])
def eyes(request: pytest.FixtureRequest) -> Iterator[Eyes]:
    made: Callable[[], Eyes] = request.param
    eyes = made()
    yield eyes
    eyes.close()


@pytest.fixture
def pairs() -> Iterator[list[Ends]]:
    pairs = [socket.socketpair() for _ in range(3)]
    yield pairs
    for pair in pairs:
        for end in pair:
            end.close()


def test_what_is_readable_is_found(eyes: Eyes, pairs: list[Ends]) -> None:
    """As what it was added as, be it a number or a socket; and the eyes are readable as well."""
    eyes.add(pairs[0][0], "first")
    eyes.add(pairs[1][0].fileno(), "second")
    eyes.add(pairs[2][0])
    assert eyes.look(0.0) == []
    assert select.select([eyes], [], [], 0.0)[0] == []
    pairs[1][1].send(b"x")
    assert eyes.look(None) == ["second"]
    assert select.select([eyes], [], [], 0.0)[0] == [eyes]
    pairs[0][1].close()
    pairs[2][1].send(b"x")
    assert set(eyes.look(None)) == {"first", "second", None}


def test_what_was_removed_is_not(eyes: Eyes, pairs: list[Ends]) -> None:
    """It can be added again."""
    for end, other in pairs[:2]:
        other.send(b"x")
        eyes.add(end, end)
    eyes.remove(pairs[0][0])
    assert eyes.look(0.0) == [pairs[1][0]]
    eyes.remove(pairs[1][0].fileno())
    assert eyes.look(0.0) == []
    eyes.add(pairs[0][0], "again")
    assert eyes.look(0.0) == ["again"]


def test_patience_is_in_seconds(eyes: Eyes, pairs: list[Ends]) -> None:
    """No less than asked for: who was told too early would look for nothing, again and again."""
    eyes.add(pairs[0][0])
    begin = time.monotonic()
    assert eyes.look(0.0204) == []
    assert time.monotonic() - begin >= 0.02


def test_ours_are_those_of_the_system() -> None:
    """Linux has its own."""
    assert new_eyes is (_Epoll if hasattr(select, "epoll") else _Selector)
