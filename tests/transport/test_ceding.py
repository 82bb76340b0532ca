"""A channel that goes on in another process: nothing is lost, and the peer notices nothing."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ekuiper.errors import ChannelClosedError, ChannelTimeoutError
from ekuiper.transport.ceded import Ceded
from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.memory import MemoryTransport

from .conftest import DEADLINE

TRANSPORT = IpcTransport()


@pytest.fixture
def url(folder):
    return f"ipc://{folder}/s.ipc"


def moved(ceded: Ceded | None) -> Ceded:
    """As if it had gone through a socket."""
    assert ceded is not None
    content, descriptors = ceded.packed()
    return Ceded.unpacked(content, descriptors)


def test_a_listener_goes_on(url):
    """With the connection, what was read and not received, and what was not read."""
    with TRANSPORT.pull(url) as old, TRANSPORT.push(url, DEADLINE) as outbox:
        for n in range(10):
            outbox.send(b"%d" % n)
        assert old.recv(DEADLINE) == b"0"
        outbox.send(b"10")
        new = TRANSPORT.pull(url, moved(old.cede()))
        with new:
            outbox.send(b"11")

            assert [new.recv(DEADLINE) for _ in range(11)] == [b"%d" % n for n in range(1, 12)]
            assert outbox.peer is not None
        with pytest.raises(ChannelClosedError):
            old.recv()


def test_a_message_that_came_in_part_goes_on(url):
    """However long: half of it was read here, the rest is read there."""
    large = os.urandom(3_000_000)
    with TRANSPORT.pull(url) as old, TRANSPORT.push(url, DEADLINE) as outbox:
        outbox.send(b"small")
        assert old.recv(DEADLINE) == b"small"
        with ThreadPoolExecutor() as pool:
            sending = pool.submit(outbox.send, large, DEADLINE)
            while not old.ready() and not any(c.decoder.missing for c in old._connections):
                pass
            with TRANSPORT.pull(url, moved(old.cede())) as new:
                assert new.recv(DEADLINE) == large
                sending.result(DEADLINE)


def test_whoever_receives_leaves(url):
    """At once, and takes nothing along."""
    with TRANSPORT.pull(url) as old, ThreadPoolExecutor() as pool:
        receiving = pool.submit(old.recv)
        with TRANSPORT.push(url, DEADLINE) as outbox, TRANSPORT.pull(url, moved(old.cede())) as new:
            with pytest.raises(ChannelClosedError):
                receiving.result(DEADLINE)
            outbox.send(b"row")

            assert new.recv(DEADLINE) == b"row"


def test_newcomers_find_the_same_door(url):
    """The path stays, and is removed when the second one closes."""
    with TRANSPORT.pull(url) as old:
        new = TRANSPORT.pull(url, moved(old.cede()))
    with new, TRANSPORT.push(url, DEADLINE) as outbox:
        outbox.send(b"row")
        assert new.recv(DEADLINE) == b"row"

    assert not os.path.exists(url.removeprefix("ipc://"))


def test_a_peer_that_has_gone_is_heard(url):
    """What it sent last was read here, or not."""
    with TRANSPORT.pull(url) as old:
        with TRANSPORT.push(url, DEADLINE) as outbox:
            for row in (b"a", b"b", b"c"):
                outbox.send(row)
            assert old.recv(DEADLINE) == b"a"
        with TRANSPORT.pull(url, moved(old.cede())) as new:
            assert [new.recv(DEADLINE), new.recv(DEADLINE)] == [b"b", b"c"]


def test_a_sender_goes_on(url):
    """On the same connection, so that the order stays."""
    with TRANSPORT.pull(url) as inbox, TRANSPORT.push(url, DEADLINE) as old:
        old.send(b"1")
        assert inbox.recv(DEADLINE) == b"1"
        with TRANSPORT.push(url, 0.0, moved(old.cede())) as new:
            new.send(b"2")

            assert inbox.recv(DEADLINE) == b"2"
            assert len(inbox._connections) == 1
        with pytest.raises(ChannelClosedError):
            old.send(b"3")


def test_a_message_that_is_being_sent_is_sent_whole(url):
    """The next one comes from the other side, right behind it."""
    large = os.urandom(3_000_000)
    with TRANSPORT.pull(url) as inbox, TRANSPORT.push(url, DEADLINE) as old:
        old.send(b"first")
        assert inbox.recv(DEADLINE) == b"first"
        ceded = []
        sending = threading.Thread(target=old.send, args=(large,))
        sending.start()
        while old._turn.acquire(False):
            old._turn.release()
        ceding = threading.Thread(target=lambda: ceded.append(old.cede()))
        ceding.start()
        assert inbox.recv(DEADLINE) == large
        sending.join(DEADLINE)
        ceding.join(DEADLINE)
        with TRANSPORT.push(url, 0.0, moved(ceded[0])) as new:
            new.send(b"last")
            assert inbox.recv(DEADLINE) == b"last"


def test_without_a_connection_there_is_nothing_to_cede(url):
    """The other side dials for itself."""
    with TRANSPORT.pull(url) as inbox:
        old = TRANSPORT.push(url, DEADLINE)
        old.send(b"row")
        assert inbox.recv(DEADLINE) == b"row"
    lost = False
    while not lost:
        try:
            old.send(b"row", timeout=0.0)
        except ChannelTimeoutError:
            lost = True
    assert old.cede() is None


class Asking:
    """A thread that answers what it is asked with the number of the answer, until it is closed."""

    def __init__(self, exchange, *, busy: threading.Event | None = None) -> None:
        self.exchange = exchange
        self.busy = busy
        self.inside = threading.Event()
        self.thread = threading.Thread(target=self._main)
        self.thread.start()

    def _main(self) -> None:
        if not self.exchange.waiting:
            self.exchange.send(b"hello")
        try:
            while True:
                asked = self.exchange.recv()
                self.inside.set()
                if self.busy is not None:
                    self.busy.wait(DEADLINE)
                self.exchange.send(b"answer to " + asked)
        except ChannelClosedError:
            pass

    def cede(self) -> Ceded | None:
        self.exchange.finish()
        ident = self.thread.ident
        while self.thread.is_alive():
            self.exchange.wake(lambda: signal.pthread_kill(ident, signal.SIGURG))
            self.thread.join(0.005)
        return self.exchange.cede()


@pytest.fixture
def _handled():
    before = signal.signal(signal.SIGURG, lambda number, frame: None)
    yield
    signal.signal(signal.SIGURG, before)


@pytest.mark.usefixtures("_handled")
@pytest.mark.parametrize("busy", [False, True])
def test_a_request_goes_on(url, busy):
    """Idle in `recv`, or at work on what was received: that is answered first. The host sees one
    connection, and its next message reaches the other side."""
    with TRANSPORT.rep(url) as host, TRANSPORT.req(url, DEADLINE) as old:
        done = threading.Event()
        asking = Asking(old, busy=done if busy else None)
        assert host.recv(DEADLINE) == b"hello"
        host.send(b"1")
        if busy:
            assert asking.inside.wait(DEADLINE)
            threading.Timer(0.05, done.set).start()
        else:
            assert host.recv(DEADLINE) == b"answer to 1"
        ceded = moved(asking.cede())
        with TRANSPORT.req(url, 0.0, ceded) as new:
            other = Asking(new)
            if busy:
                assert host.recv(DEADLINE) == b"answer to 1"
            for n in (b"2", b"3"):
                host.send(n)
                assert host.recv(DEADLINE) == b"answer to " + n
            assert len(host._connections) == 1
            new.close()
            other.thread.join(DEADLINE)


def test_names_of_this_process_are_not_ceded():
    """They mean nothing elsewhere; the channel is closed."""
    transport = MemoryTransport()
    with transport.pull("m") as inbox:
        assert inbox.cede() is None
        with pytest.raises(ChannelClosedError):
            inbox.recv()
