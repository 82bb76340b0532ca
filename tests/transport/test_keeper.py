"""What a PULL tells whoever keeps its sockets, and how another goes on with them."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing

import pytest

from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.keeper import left_behind
from ekuiper.transport.sp import PUSH, frame_head, greeting
from ekuiper.transport.unix import connect, path_of

from .conftest import DEADLINE

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="sockets are kept by supervisors, on Linux"
)

TRANSPORT = IpcTransport()


class Keeper:
    """Has copies of the sockets, and writes down what it is told."""

    counts = True

    def __init__(self, before: Keeper | None = None) -> None:
        self.sockets: list[int] = []
        self.told: list[object] = []
        self._before = before

    def kept(self):
        if self._before is None:
            return None
        sockets, self._before.sockets = self._before.sockets, []
        return left_behind(sockets)

    def keep(self, door, connections):
        self.close()
        self.sockets = [os.dup(fd) for fd in (door, *connections)]

    def begin(self):
        self.told.append("begin")

    def end(self, messages, *, whole):
        if messages or not whole:
            self.told.append((messages, whole))

    def pay(self, sock, frame):
        self.told.append(frame)
        os.write(sock, frame)

    def close(self):
        for fd in self.sockets:
            os.close(fd)
        self.sockets = []


@pytest.fixture
def url(folder):
    return f"ipc://{folder}/s.ipc"


def die(inbox) -> None:
    """Close its descriptors, and nothing else."""
    inbox._forget()


def test_it_is_told_before_a_message_is_taken(url):
    """Not at a greeting, nor at the end of a connection; then, how many messages came."""
    keeper = Keeper()
    with TRANSPORT.pull(url, keeper=keeper) as inbox:
        with TRANSPORT.push(url, DEADLINE) as outbox:
            for row in (b"1", b"2"):
                outbox.send(row)
                assert inbox.recv(DEADLINE) == row
            assert len(keeper.sockets) == 2
        with TRANSPORT.push(url, DEADLINE) as outbox:
            outbox.send(b"3")
            assert inbox.recv(DEADLINE) == b"3"

    assert keeper.told == ["begin", (1, True)] * 3
    keeper.close()


def test_part_of_a_message_is_told(url):
    """Until it is whole, or will never be."""
    keeper = Keeper()
    with TRANSPORT.pull(url, keeper=keeper) as inbox, closing(connect(path_of(url))) as peer:
        peer.sendall(greeting(PUSH) + frame_head(4) + b"ab")
        while not keeper.told:
            inbox.ready()
        peer.sendall(b"cd")
        assert inbox.recv(DEADLINE) == b"abcd"
        peer.sendall(frame_head(4))
        while len(keeper.told) < 6:
            inbox.ready()
        peer.close()
        while len(keeper.sockets) == 2:
            inbox.ready()

    assert keeper.told == ["begin", (0, False), "begin", (1, True), "begin", (0, False)]
    keeper.close()


@pytest.mark.parametrize("taken", [0, 1], ids=["not yet received from", "received from"])
def test_another_goes_on(url, taken):
    """With what is in the sockets of the dead: the peer notices nothing, and newcomers come in."""
    first = Keeper()
    inbox = TRANSPORT.pull(url, keeper=first)
    with TRANSPORT.push(url, DEADLINE) as outbox:
        for number in range(3):
            outbox.send(b"%d" % number)
            if number < taken:
                assert inbox.recv(DEADLINE) == b"%d" % number
        while len(first.sockets) < 2:  # a peer is greeted just before it is kept
            time.sleep(0)
        die(inbox)
        outbox.send(b"3")
        second = Keeper(first)
        with TRANSPORT.pull(url, keeper=second) as inbox:
            got = [inbox.recv(DEADLINE) for _ in range(4 - taken)]
            assert got == [b"%d" % number for number in range(taken, 4)]
            with TRANSPORT.push(url, DEADLINE) as other:
                other.send(b"4")
                assert inbox.recv(DEADLINE) == b"4"
            assert outbox.peer is not None
    assert not os.path.exists(path_of(url))
    second.close()


def test_a_push_pays_by_its_keeper(url):
    """Each message as one frame; a connection that is lost is dialled again."""
    keeper = Keeper()
    with TRANSPORT.pull(url) as inbox, TRANSPORT.push(url, DEADLINE, keeper=keeper) as outbox:
        outbox.send(b"{}")
        assert inbox.recv(DEADLINE) == b"{}"
        inbox.close()
        with TRANSPORT.pull(url) as inbox:
            outbox.send(b"{}", DEADLINE)
            assert inbox.recv(DEADLINE) == b"{}"

    assert set(keeper.told) == {frame_head(2) + b"{}"}
