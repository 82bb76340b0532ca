"""REQ and REP, on every transport and between ipc and nng."""

from __future__ import annotations

import os
from functools import partial

import pytest

from ekuiper.errors import (
    ChannelClosedError,
    ChannelResetError,
    ChannelStateError,
    ChannelTimeoutError,
    ConnectError,
)
from ekuiper.transport import Peer

from .conftest import DEADLINE, SOON, Aside, Pair, eventually

SIZES = [0, 1, 9, 100, 32767, 32768, 32769, 65523, 65524, 65536, 300_000, 1 << 20, 5_000_003]


def test_messages_go_in_turn(pair: Pair) -> None:
    """A handshake, commands as replies, answers as requests."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"handshake")
        assert host.recv(DEADLINE) == b"handshake"
        for number in range(500):
            host.send(b"command %d" % number, DEADLINE)
            assert plugin.recv(DEADLINE) == b"command %d" % number
            plugin.send(b"answer %d" % number)
            assert host.recv(DEADLINE) == b"answer %d" % number


def test_messages_of_any_size_arrive_whole(pair: Pair, aside: Aside) -> None:
    """Whatever the sizes of buffers on the way are."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        for size in SIZES:
            data = os.urandom(size)
            sent = aside(plugin.send, data)
            assert host.recv(DEADLINE) == data
            sent.result(DEADLINE)
            sent = aside(host.send, data)
            assert plugin.recv(DEADLINE) == data
            sent.result(DEADLINE)


SPINS = pytest.mark.parametrize("spin", [1, 300_000, 30_000_000_000], ids=["tick", "while", "long"])


@SPINS
def test_a_reply_is_found_while_polling(pair: Pair, aside: Aside, spin: int) -> None:
    """Whether it is there already, comes meanwhile, or after the polling."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        for data in (b"a", b"b" * 300_000):
            plugin.send(b"ask")
            assert host.recv(DEADLINE) == b"ask"
            reply = aside(partial(plugin.recv, DEADLINE, spin=spin))
            sent = aside(host.send, data)
            assert reply.result(DEADLINE) == data
            sent.result(DEADLINE)
            plugin.send(b"ask")
            assert host.recv(DEADLINE) == b"ask"
            sent = aside(host.send, data)
            assert plugin.recv(DEADLINE, spin=spin) == data
            sent.result(DEADLINE)


@SPINS
def test_polling_ends_with_the_connection(pair: Pair, aside: Aside, spin: int) -> None:
    """The peer's end, and one's own close, are noticed as by one who sleeps."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
        reply = aside(partial(plugin.recv, DEADLINE, spin=spin))
        host.close()
        with pytest.raises(ChannelResetError):
            reply.result(DEADLINE)


class Steps:
    """A pace that writes down what it is told."""

    def __init__(self, spin: int) -> None:
        self.spin = spin
        self.told: list[str] = []

    def window(self) -> int:
        self.told.append("waits")
        return self.spin

    def release(self) -> None:
        self.told.append("has it")

    def answered(self, came: int, sent: int) -> None:
        assert 0 < came <= sent
        self.told.append("answered")


@pytest.mark.parametrize("spin", [0, 300_000])
def test_a_conversation(pair: Pair, aside: Aside, spin: int) -> None:
    """Each message is answered, in turn, whatever its size; the pace hears of every step."""
    steps = Steps(spin)
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"handshake")
        assert host.recv(DEADLINE) == b"handshake"
        talk = aside(plugin.converse, lambda data: data[::-1], steps)
        for size in SIZES:
            data = os.urandom(size)
            aside(host.send, data).result(DEADLINE)
            assert host.recv(DEADLINE) == data[::-1]
        plugin.close()
        with pytest.raises(ChannelClosedError):
            talk.result(DEADLINE)
    each = ["waits", "has it", "answered"] if spin else ["waits", "answered"]
    assert steps.told == each * len(SIZES) + each[:-1]


def test_a_conversation_needs_a_request(pair: Pair) -> None:
    """As `recv` does."""
    with (
        pair.host.rep(pair.url),
        pair.plugin.req(pair.url) as plugin,
        pytest.raises(ChannelStateError, match="without a request under way"),
    ):
        plugin.converse(lambda data: data, Steps(0))


def test_a_conversation_ends_with_the_connection(pair: Pair, aside: Aside) -> None:
    """Another can be had on the next one."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"handshake")
        assert host.recv(DEADLINE) == b"handshake"
        talk = aside(plugin.converse, lambda data: data, Steps(0))
        host.close()
        with pytest.raises(ChannelResetError):
            talk.result(DEADLINE)
    with plugin, pair.host.rep(pair.url) as host:
        plugin.send(b"again", DEADLINE)
        assert host.recv(DEADLINE) == b"again"
        talk = aside(plugin.converse, lambda data: data, Steps(0))
        host.send(b"b")
        assert host.recv(DEADLINE) == b"b"


def test_a_conversation_ends_with_what_its_answer_raises(pair: Pair) -> None:
    """The request is taken, and the channel as usable as after `recv`."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
        host.send(b"no number")
        with pytest.raises(ValueError, match="no number"):
            plugin.converse(lambda data: b"%d" % int(data), Steps(0))
        plugin.send(b"b")
        assert host.recv(DEADLINE) == b"b"


def test_recv_needs_a_request(pair: Pair) -> None:
    """REQ sends before it receives, and once for each reply."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        with pytest.raises(ChannelStateError, match="x: recv without a request"):
            plugin.recv(DEADLINE)
        plugin.send(b"a")
        host.recv(DEADLINE)
        host.send(b"b")
        assert plugin.recv(DEADLINE) == b"b"
        with pytest.raises(ChannelStateError):
            plugin.recv(DEADLINE)


def test_send_needs_something_to_answer(pair: Pair) -> None:
    """REP receives before it sends, and answers once."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        with pytest.raises(ChannelStateError):
            host.send(b"too early")
        plugin.send(b"a")
        host.recv(DEADLINE)
        host.send(b"b")
        with pytest.raises(ChannelStateError):
            host.send(b"twice")
        assert plugin.recv(DEADLINE) == b"b"


def test_a_new_request_cancels_the_one_before(pair: Pair) -> None:
    """A reply to a cancelled request is dropped."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"first")
        assert host.recv(DEADLINE) == b"first"
        plugin.send(b"second")
        host.send(b"to the first")
        with pytest.raises(ChannelTimeoutError):
            plugin.recv(SOON)
        assert host.recv(DEADLINE) == b"second"
        host.send(b"to the second")
        assert plugin.recv(DEADLINE) == b"to the second"


def test_a_timeout_keeps_the_request(pair: Pair) -> None:
    """`recv` may be repeated until the reply comes."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        for timeout in (0.0, 0.001, SOON, -1.0):
            with pytest.raises(ChannelTimeoutError, match=r"/x: "):
                plugin.recv(timeout)
        assert host.recv(DEADLINE) == b"a"
        host.send(b"b")
        assert plugin.recv(DEADLINE) == b"b"


def test_rep_times_out(pair: Pair) -> None:
    """Nobody asks; then somebody does."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        for timeout in (0.0, SOON):
            with pytest.raises(ChannelTimeoutError):
                host.recv(timeout)
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"


def test_rep_answers_whom_it_heard_last(pair: Pair) -> None:
    """`recv` may be repeated: each forgets the request before."""
    with (
        pair.host.rep(pair.url) as host,
        pair.plugin.req(pair.url) as one,
        pair.plugin.req(pair.url) as two,
    ):
        one.send(b"one")
        assert host.recv(DEADLINE) == b"one"
        two.send(b"two")
        assert host.recv(DEADLINE) == b"two"
        host.send(b"for two")
        assert two.recv(DEADLINE) == b"for two"
        with pytest.raises(ChannelTimeoutError):
            one.recv(SOON)


def test_requests_wait_in_order(pair: Pair) -> None:
    """Cancelled requests are received all the same, none is sent twice."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        for number in range(20):
            plugin.send(b"%d" % number)
        assert [host.recv(DEADLINE) for _ in range(20)] == [b"%d" % n for n in range(20)]
        with pytest.raises(ChannelTimeoutError):
            host.recv(SOON)
        host.send(b"last")
        assert plugin.recv(DEADLINE) == b"last"


def test_an_answer_to_nobody_is_dropped(pair: Pair) -> None:
    """Whoever asked has gone: no error, and the next one is served."""
    with pair.host.rep(pair.url) as host:
        with pair.plugin.req(pair.url) as gone:
            gone.send(b"a")
            assert host.recv(DEADLINE) == b"a"
        host.send(b"nobody hears it")
        with pair.plugin.req(pair.url) as plugin:
            plugin.send(b"b")
            assert host.recv(DEADLINE) == b"b"
            host.send(b"c")
            assert plugin.recv(DEADLINE) == b"c"


def test_nobody_is_starved(ours: Pair) -> None:
    """One who asks all the time does not keep others from being heard."""
    with (
        ours.host.rep(ours.url) as host,
        ours.plugin.req(ours.url) as loud,
        ours.plugin.req(ours.url) as quiet,
    ):
        for _ in range(50):
            loud.send(b"loud")
        quiet.send(b"quiet")
        heard = [host.recv(DEADLINE) for _ in range(51)]
        assert b"quiet" in heard[:5]


def test_a_lost_connection_ends_the_request(pair: Pair) -> None:
    """`recv` says so once; the next `send` reaches whoever listens then, and nothing is resent."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"lost")
        assert host.recv(DEADLINE) == b"lost"
    with plugin:
        with pytest.raises(ChannelResetError, match="send again"):
            plugin.recv(DEADLINE)
        with pytest.raises(ChannelStateError):
            plugin.recv(DEADLINE)
        with pair.host.rep(pair.url) as host:
            plugin.send(b"handshake", DEADLINE)
            assert host.recv(DEADLINE) == b"handshake"
            host.send(b"command")
            assert plugin.recv(DEADLINE) == b"command"
            with pytest.raises(ChannelTimeoutError):
                host.recv(SOON)


def test_an_answer_is_not_given_to_another_host(pair: Pair) -> None:
    """What was to answer a host that has gone would be a handshake to the next one."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"handshake")
        host.recv(DEADLINE)
        host.send(b"command")
        assert plugin.recv(DEADLINE) == b"command"
    with plugin, pair.host.rep(pair.url) as host:
        if "nng" in pair.names.split("-")[0]:
            # noticed by a thread of nng, sooner or later
            eventually(lambda: plugin._used not in plugin._peers)  # type: ignore[attr-defined]
        with pytest.raises(ChannelResetError):
            plugin.send(b"answer", DEADLINE)
        plugin.send(b"handshake", DEADLINE)
        assert host.recv(DEADLINE) == b"handshake"


def test_send_dials_until_its_timeout(pair: Pair, aside: Aside) -> None:
    """Without a listener `ConnectError`; one that comes in time is found."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
    with plugin:
        with pytest.raises(ChannelResetError):
            plugin.recv(DEADLINE)
        with pytest.raises(ConnectError, match=r"cannot connect to .*/x: ") as failure:
            plugin.send(b"b", SOON)
        assert failure.value.url == pair.url
        with pytest.raises(ChannelStateError):
            plugin.recv(0)
        sent = aside.blocked(plugin.send, b"c")
        with pair.host.rep(pair.url) as host:
            assert host.recv(DEADLINE) == b"c"
            sent.result(DEADLINE)


def test_peers_are_known(pair: Pair) -> None:
    """Both ends know the process at the other end."""
    us = Peer(os.getpid(), os.geteuid())
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        assert host.peer is None
        assert plugin.peer == us
        plugin.send(b"a")
        host.recv(DEADLINE)
        assert host.peer == us
        assert plugin.url == host.url == pair.url


def test_a_lost_peer_is_forgotten(pair: Pair) -> None:
    """After the loss there is nobody at the other end."""
    with pair.host.rep(pair.url) as host:
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"a")
        host.recv(DEADLINE)
    with plugin:
        with pytest.raises(ChannelResetError):
            plugin.recv(DEADLINE)
        eventually(lambda: plugin.peer is None)


def test_one_thread_at_a_time(pair: Pair, aside: Aside) -> None:
    """A second thread is told so, instead of mixing up whose turn it is."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        waiting = aside.blocked(plugin.recv)
        with pytest.raises(ChannelStateError, match="another thread"):
            plugin.send(b"b")
        with pytest.raises(ChannelStateError, match="another thread"):
            plugin.recv(0)
        assert plugin.ready()
        assert host.recv(DEADLINE) == b"a"
        host.send(b"c")
        assert waiting.result(DEADLINE) == b"c"
        waiting = aside.blocked(host.recv)
        with pytest.raises(ChannelStateError, match="another thread"):
            host.recv(0)
        assert host.ready()
        plugin.send(b"d")
        assert waiting.result(DEADLINE) == b"d"


def test_nobody_listens(pair: Pair) -> None:
    """A dial with timeout 0 tries once, one with a timeout several times."""
    for dial in (pair.plugin.req, pair.plugin.push):
        with pytest.raises(ConnectError, match="tried once") as once:
            dial(pair.url)
        assert once.value.attempts == 1
        with pytest.raises(ConnectError, match=r"tried \d times") as often:
            dial(pair.url, 0.05)
        assert often.value.attempts > 1


def test_a_dial_waits_for_the_listener(pair: Pair, aside: Aside) -> None:
    """One that comes in time is found."""
    dialled = aside.blocked(pair.plugin.req, pair.url, DEADLINE)
    with pair.host.rep(pair.url) as host, dialled.result(DEADLINE) as plugin:
        plugin.send(b"a")
        assert host.recv(DEADLINE) == b"a"
