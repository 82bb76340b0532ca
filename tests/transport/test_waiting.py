"""`ready`, `wait`, `fileno` and `watch`."""

from __future__ import annotations

import select
import time

import pytest

from ekuiper.errors import ChannelResetError, ChannelTimeoutError
from ekuiper.transport import wait

from .conftest import DEADLINE, SOON, Aside, Pair, eventually, readable


def test_ready_says_what_recv_would_do(pair: Pair) -> None:
    """And takes nothing away."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        assert plugin.ready()  # recv would raise: nothing was asked
        assert not host.ready()
        plugin.send(b"a")
        assert not plugin.ready()
        eventually(host.ready)
        assert host.ready()
        assert host.recv(0) == b"a"
        assert not host.ready()
        host.send(b"b")
        eventually(plugin.ready)
        assert plugin.ready()
        assert plugin.recv(0) == b"b"
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        assert not inbox.ready()
        outbox.send(b"a")
        outbox.send(b"b")
        eventually(inbox.ready)
        assert inbox.recv(0) == b"a"
        eventually(inbox.ready)
        assert inbox.recv(0) == b"b"
        assert not inbox.ready()


def test_a_lost_connection_is_ready(pair: Pair) -> None:
    """`recv` would raise, and does."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
        number = plugin.fileno()
    with plugin:
        assert wait([plugin], DEADLINE) == [plugin]
        assert plugin.ready()
        assert readable(number)
        with pytest.raises(ChannelResetError):
            plugin.recv()


def test_looking_ahead_keeps_who_is_answered(pair: Pair) -> None:
    """`ready` may find the next request while the last one still waits for its answer."""
    with (
        pair.host.rep(pair.url) as host,
        pair.plugin.req(pair.url) as one,
        pair.plugin.req(pair.url) as two,
    ):
        one.send(b"one")
        assert host.recv(DEADLINE) == b"one"
        two.send(b"two")
        assert wait([host], DEADLINE) == [host]
        host.send(b"for one")
        assert one.recv(DEADLINE) == b"for one"
        assert host.recv(DEADLINE) == b"two"
        host.send(b"for two")
        assert two.recv(DEADLINE) == b"for two"


def test_a_cancelled_reply_is_not_ready(pair: Pair) -> None:
    """What `ready` found for a request is of no use to the next one."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        host.recv(DEADLINE)
        host.send(b"to a")
        eventually(plugin.ready)
        plugin.send(b"b")
        assert not plugin.ready()
        host.recv(DEADLINE)
        host.send(b"to b")
        assert plugin.recv(DEADLINE) == b"to b"


def test_wait_returns_those_that_are_ready(pair: Pair, aside: Aside) -> None:
    """All of them, none when the time is over."""
    with (
        pair.host.rep(pair.url) as host,
        pair.host.pull(pair.at("b")) as inbox,
        pair.plugin.req(pair.url) as plugin,
        pair.plugin.push(pair.at("b")) as outbox,
    ):
        assert wait([], 0) == []
        assert wait([host, inbox], 0) == []
        before = time.monotonic()
        assert wait([host, inbox], SOON) == []
        assert time.monotonic() - before >= SOON * 0.9
        waiting = aside.blocked(wait, [host, inbox])
        outbox.send(b"a")
        assert waiting.result(DEADLINE) == [inbox]
        plugin.send(b"b")
        eventually(host.ready)
        assert wait([host, inbox]) == [host, inbox]
        assert inbox.recv(0) == b"a"
        assert host.recv(0) == b"b"


def test_the_descriptor_tells_of_messages(pair: Pair) -> None:
    """Readable while `recv` would not block, messages read ahead included."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        number = inbox.fileno()
        assert not wait([inbox], 0)
        for round_ in range(3):
            for n in range(10):
                outbox.send(b"%d" % (round_ * 10 + n))
            for n in range(10):
                assert readable(number, DEADLINE)
                assert inbox.recv(DEADLINE) == b"%d" % (round_ * 10 + n)
            eventually(lambda: not inbox.ready() and not readable(number))
        assert inbox.fileno() == number


def test_the_descriptor_may_be_asked_for_late(pair: Pair) -> None:
    """Messages that were read before are told of all the same."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        outbox.send(b"a")
        outbox.send(b"b")
        assert inbox.recv(DEADLINE) == b"a"
        assert readable(inbox.fileno(), DEADLINE)
        assert inbox.recv(DEADLINE) == b"b"


def test_the_descriptor_is_the_same_over_reconnects(pair: Pair) -> None:
    """An event loop need not be told of a new connection."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        number = plugin.fileno()
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
        eventually(lambda: not plugin.ready() and not readable(number))
        host.send(b"b")
        assert readable(number, DEADLINE)
        assert plugin.recv(DEADLINE) == b"b"
        assert not readable(number)
        plugin.send(b"c")
        host.recv(DEADLINE)
    with plugin:
        assert readable(number, DEADLINE)
        with pytest.raises(ChannelResetError):
            plugin.recv(DEADLINE)
        with pair.host.rep(pair.url) as host:
            plugin.send(b"d", DEADLINE)
            assert host.recv(DEADLINE) == b"d"
            assert plugin.fileno() == number
            eventually(lambda: not plugin.ready() and not readable(number))
            host.send(b"e")
            assert readable(number, DEADLINE)
            assert plugin.recv(DEADLINE) == b"e"


def test_the_descriptor_of_a_host(pair: Pair) -> None:
    """Readable for a request, and not for its answer."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        number = host.fileno()
        for _ in range(3):
            plugin.send(b"a")
            assert readable(number, DEADLINE)
            assert host.recv(DEADLINE) == b"a"
            eventually(lambda: not host.ready() and not readable(number))
            host.send(b"b")
            assert plugin.recv(DEADLINE) == b"b"
        assert host.fileno() == number


def test_the_descriptor_of_a_sender(pair: Pair) -> None:
    """Readable once the listener has gone."""
    with pair.host.pull(pair.url) as inbox:
        outbox = pair.plugin.push(pair.url)
        outbox.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
        number = outbox.fileno()
        outbox.send(b"b")
        assert inbox.recv(DEADLINE) == b"b"
        assert not readable(number)
    with outbox:
        assert readable(number, DEADLINE)
        assert outbox.fileno() == number


def test_a_watched_descriptor_outlives_close(pair: Pair) -> None:
    """Until `unwatch` its number belongs to nobody else, and it is readable."""
    with pair.host.pull(pair.url) as inbox:
        number = inbox.watch()
        poll = select.poll()
        poll.register(number, select.POLLIN)
        assert not poll.poll(0)
        inbox.close()
        assert poll.poll(DEADLINE * 1000) == [(number, select.POLLIN)]
        inbox.unwatch()


def test_a_reader_in_another_thread_is_not_disturbed(pair: Pair, aside: Aside) -> None:
    """`ready` of an inbox that another thread reads from says no, and costs it nothing."""
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        waiting = aside.blocked(inbox.recv)
        assert not inbox.ready()
        outbox.send(b"a")
        assert waiting.result(DEADLINE) == b"a"
        with pytest.raises(ChannelTimeoutError):
            inbox.recv(0)
