"""PUSH and PULL, on every transport and between ipc and nng."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from ekuiper.errors import ChannelTimeoutError
from ekuiper.transport import Outbox, Peer

from .conftest import DEADLINE, SOON, Aside, Pair, eventually
from .test_exchange import SIZES

BURST = 200  # small messages that fit between two ends when nobody receives


def fill(pair: Pair, outbox: Outbox) -> tuple[list[bytes], set[bytes]]:
    """Send until nothing more is taken: what was, and what may come besides. nng may send what it
    was told to give up just then."""
    taken: list[bytes] = []
    while True:
        data = b"%d" % len(taken) * 200
        try:
            outbox.send(data, 0.05 if taken else DEADLINE)
        except ChannelTimeoutError:
            return taken, {data} if pair.names.startswith("nng") else set()
        taken.append(data)


def test_messages_arrive_in_order(pair: Pair, aside: Aside) -> None:
    """As they were sent, each once."""
    count = 5000
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        sent = aside(lambda: [outbox.send(b"%d" % n) for n in range(count)])
        assert [inbox.recv(DEADLINE) for _ in range(count)] == [b"%d" % n for n in range(count)]
        sent.result(DEADLINE)
        with pytest.raises(ChannelTimeoutError, match=r"/x: "):
            inbox.recv(0)


def test_messages_of_any_size_arrive_whole(pair: Pair, aside: Aside) -> None:
    """Whatever the sizes of buffers on the way are."""
    messages = [os.urandom(size) for size in SIZES]
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        sent = aside(lambda: [outbox.send(message) for message in messages])
        for message in messages:
            assert inbox.recv(DEADLINE) == message
        sent.result(DEADLINE)


def test_many_send_to_one(pair: Pair, aside: Aside) -> None:
    """Messages of each arrive in order, and those of all arrive."""
    senders, count = 8, 300

    def send(name: int) -> None:
        with pair.plugin.push(pair.url) as outbox:
            for number in range(count):
                outbox.send(b"%d:%d" % (name, number))
            done.send(b"")

    with pair.host.pull(pair.url) as inbox, pair.host.pull(pair.at("done")) as finished:
        done = pair.plugin.push(pair.at("done"))
        calls = [aside(send, name) for name in range(senders)]
        seen = {b"%d" % name: [] for name in range(senders)}
        for _ in range(senders * count):
            name, number = inbox.recv(DEADLINE).split(b":")
            seen[name].append(int(number))
        for call in calls:
            call.result(DEADLINE)
        assert all(numbers == list(range(count)) for numbers in seen.values())
        for _ in calls:
            finished.recv(DEADLINE)
        done.close()


def test_threads_share_an_outbox(pair: Pair, aside: Aside) -> None:
    """Any thread may send; no message is mixed with another."""
    messages = [bytes([65 + n]) * size for n in range(4) for size in (10, 70_000, 300_000)]
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        calls = [aside(outbox.send, message) for message in messages for _ in range(5)]
        received = Counter(inbox.recv(DEADLINE) for _ in calls)
        for call in calls:
            call.result(DEADLINE)
    assert received == Counter(dict.fromkeys(messages, 5))


def test_threads_share_an_inbox(pair: Pair, aside: Aside) -> None:
    """Each message goes to one of them."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        calls = [aside(inbox.recv, DEADLINE) for _ in range(20)]
        for number in range(20):
            outbox.send(b"%d" % number)
        received = {call.result(DEADLINE) for call in calls}
    assert received == {b"%d" % number for number in range(20)}


def test_a_slow_reader_holds_the_sender_back(pair: Pair) -> None:
    """What was taken arrives; nothing of the message that was refused does."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        taken, besides = fill(pair, outbox)
        assert taken
        assert [inbox.recv(DEADLINE) for _ in taken] == taken
        if not besides:
            with pytest.raises(ChannelTimeoutError):
                inbox.recv(SOON)
        outbox.send(b"next", DEADLINE)
        while (received := inbox.recv(DEADLINE)) in besides:
            pass
        assert received == b"next"


def test_a_large_message_refused_halfway_never_arrives(ours: Pair) -> None:
    """Part of it was written: the connection is dropped with it, and dialled anew."""
    with ours.host.pull(ours.url) as inbox, ours.plugin.push(ours.url) as outbox:
        outbox.send(b"before")
        with pytest.raises(ChannelTimeoutError, match="took nothing in time"):
            outbox.send(b"x" * 5_000_000, SOON)
        outbox.send(b"after")
        assert inbox.recv(DEADLINE) == b"before"
        assert inbox.recv(DEADLINE) == b"after"
        with pytest.raises(ChannelTimeoutError):
            inbox.recv(SOON)


def test_a_blocked_sender_goes_on(pair: Pair, aside: Aside) -> None:
    """Once the reader reads, what waited is sent."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        taken, besides = fill(pair, outbox)
        waiting = aside.blocked(outbox.send, b"last")
        received: set[bytes] = set()
        while not received >= {*taken, b"last"}:  # in any order: nng has dialled anew meanwhile
            received.add(inbox.recv(DEADLINE))
        assert received <= {*taken, b"last", *besides}
        waiting.result(DEADLINE)


def test_a_closed_senders_messages_arrive(pair: Pair) -> None:
    """What `send` returned for was taken, even if nobody has received yet."""
    with pair.host.pull(pair.url) as inbox:
        for _ in range(3):
            with pair.plugin.push(pair.url) as outbox:
                outbox.send(b"a")
                outbox.send(b"b")
            assert inbox.recv(DEADLINE) == b"a"
            assert inbox.recv(DEADLINE) == b"b"


def test_a_sender_outlives_its_listener(pair: Pair, aside: Aside) -> None:
    """It waits for the next one, as long as its timeout lets it, and sends there."""
    with pair.host.pull(pair.url) as inbox:
        outbox = pair.plugin.push(pair.url)
        outbox.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
    with outbox:
        with pytest.raises(ChannelTimeoutError, match=r"/x: "):
            outbox.send(b"refused", SOON)
        assert outbox.peer is None
        waiting = aside.blocked(outbox.send, b"b")
        with pair.host.pull(pair.url) as inbox:
            assert inbox.recv(DEADLINE) == b"b"
            waiting.result(DEADLINE)
            assert outbox.peer == Peer(os.getpid(), os.geteuid())


def test_a_listener_that_comes_back_at_once(ours: Pair) -> None:
    """The loss is noticed before the next message is written, which therefore arrives."""
    with ours.host.pull(ours.url) as inbox:
        outbox = ours.plugin.push(ours.url)
        outbox.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
    with outbox:
        for number in range(5):
            with ours.host.pull(ours.url) as inbox:
                outbox.send(b"%d" % number, DEADLINE)
                assert inbox.recv(DEADLINE) == b"%d" % number


def test_senders_wait_their_turn_no_longer_than_told(ours: Pair, aside: Aside) -> None:
    """A thread whose turn does not come in time gives up; nothing of its message is sent."""
    with ours.host.pull(ours.url) as inbox, ours.plugin.push(ours.url) as outbox:
        taken, _ = fill(ours, outbox)
        first = aside.blocked(outbox.send, b"first")
        with pytest.raises(ChannelTimeoutError, match="other threads"):
            outbox.send(b"second", SOON)
        second = aside.blocked(outbox.send, b"third")
        assert [inbox.recv(DEADLINE) for _ in taken] == taken
        assert [inbox.recv(DEADLINE), inbox.recv(DEADLINE)] == [b"first", b"third"]
        first.result(DEADLINE)
        second.result(DEADLINE)


def test_a_burst_waits_in_the_socket(pair: Pair) -> None:
    """Messages may be sent before anybody receives."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        assert outbox.url == inbox.url == pair.url
        for number in range(BURST):
            outbox.send(b"%d" % number)
        assert [inbox.recv(DEADLINE) for _ in range(BURST)] == [b"%d" % n for n in range(BURST)]


def test_a_loud_sender_does_not_silence_others(pair: Pair, aside: Aside) -> None:
    """While one sends without end, the messages of another are received."""
    with (
        pair.host.pull(pair.url) as inbox,
        pair.plugin.push(pair.url) as loud,
        pair.plugin.push(pair.url) as quiet,
    ):
        going = True

        def shout() -> None:
            while going:
                loud.send(b"loud" * 100)

        shouting = aside(shout)
        eventually(lambda: inbox.recv(DEADLINE) == b"loud" * 100)
        quiet.send(b"quiet")
        heard = 0
        while inbox.recv(DEADLINE) != b"quiet":
            heard += 1
        going = False
        while not shouting.done() or inbox.ready():
            try:
                inbox.recv(SOON)
            except ChannelTimeoutError:
                break
        assert heard < 5000
