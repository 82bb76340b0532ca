"""What is lost with a connection to mangos, and what is not."""

from __future__ import annotations

import os

import pytest

from ekuiper.errors import ChannelResetError, ChannelTimeoutError
from ekuiper.transport import Exchange, Inbox, Peer, Transport

from ..transport.conftest import DEADLINE, SOON, Aside, eventually, readable
from .mangos import Mangos, MangosTransport

LARGE = bytes(range(256)) * 80_000  # 20 MB: never at once in a socket
QUEUE = 128  # messages that a PUSH or PULL of mangos holds itself


@pytest.fixture
def url(folder: str) -> str:
    return f"ipc://{folder}/x"


def nothing(inbox: Inbox) -> None:
    with pytest.raises(ChannelTimeoutError):
        inbox.recv(SOON)


def shake_hands(exchange: Exchange) -> None:
    """As the runtime does: once more when a loss is noticed only now."""
    try:
        exchange.send(b"handshake", DEADLINE)
    except ChannelResetError:
        exchange.send(b"handshake", DEADLINE)


def ask(exchange: Exchange, data: bytes) -> bytes:
    exchange.send(data, DEADLINE)
    return exchange.recv(DEADLINE)


def from_both_in_order(inbox: Inbox) -> None:
    """Fifty messages of each of two peers, a and b."""
    messages = [inbox.recv(DEADLINE) for _ in range(100)]
    for name in (b"a", b"b"):
        own = [message for message in messages if message.startswith(name)]
        assert own == [name + b"%d" % number for number in range(50)]


class TestExchanges:
    """Control and function channels."""

    def test_the_host_comes_back(self, plugin: Transport, host: MangosTransport, url: str) -> None:
        """Five times its socket is closed and opened anew: each time the plugin hears of it, shakes
        hands again, and is answered."""
        rep = host.rep(url)
        with plugin.req(url) as exchange:
            for number in range(5):
                shake_hands(exchange)
                assert rep.recv(DEADLINE) == b"handshake"
                rep.send(b"command %d" % number)
                assert exchange.recv(DEADLINE) == b"command %d" % number
                exchange.send(b"ok")
                assert rep.recv(DEADLINE) == b"ok"
                rep.close()
                with pytest.raises(ChannelResetError):
                    exchange.recv(DEADLINE)
                rep = host.rep(url)
        rep.close()

    def test_the_plugin_comes_back(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """A plugin that is killed and spawned again meets the same socket."""
        with host.rep(url) as rep:
            for number in range(10):
                with plugin.req(url) as exchange:
                    rep.await_peers(1)
                    exchange.send(b"handshake")
                    assert rep.recv(DEADLINE) == b"handshake"
                    rep.send(b"command %d" % number)
                    assert exchange.recv(DEADLINE) == b"command %d" % number
                rep.await_peers(0)

    def test_two_peers(self, plugin: Transport, host: MangosTransport, url: str) -> None:
        """Each gets the answers to its own requests, in whatever order these are heard."""
        with host.rep(url) as rep, plugin.req(url) as one, plugin.req(url) as other:
            for number in range(100):
                one.send(b"one %d" % number)
                other.send(b"other %d" % number)
                for _ in range(2):
                    rep.send(b"to " + rep.recv(DEADLINE))
                assert one.recv(DEADLINE) == b"to one %d" % number
                assert other.recv(DEADLINE) == b"to other %d" % number

    def test_a_late_reply_is_kept(self, plugin: Transport, host: MangosTransport, url: str) -> None:
        """The plugin answers after the host has given up: the host finds that first, and has to
        take it before it can ask again."""
        with host.rep(url) as rep, plugin.req(url) as exchange:
            exchange.send(b"handshake")
            assert rep.recv(DEADLINE) == b"handshake"
            rep.send(b"question")
            assert exchange.recv(DEADLINE) == b"question"
            with pytest.raises(ChannelTimeoutError):
                rep.recv(SOON)
            exchange.send(b"late answer")
            assert rep.recv(DEADLINE) == b"late answer"
            rep.send(b"next question")
            assert exchange.recv(DEADLINE) == b"next question"

    def test_the_host_goes_in_the_middle_of_a_question(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """Half a question is none; the next host is shaken hands with."""
        rep = host.rep(url)
        with rep, plugin.req(url) as exchange:
            exchange.send(b"handshake")
            rep.recv(DEADLINE)
            rep.send(LARGE)
            rep.close()
            try:
                assert exchange.recv(DEADLINE) == LARGE
            except ChannelResetError:
                pass
            with host.rep(url) as after:
                shake_hands(exchange)
                assert after.recv(DEADLINE) == b"handshake"

    def test_the_plugin_goes_in_the_middle_of_an_answer(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """Half an answer is none; the next plugin is heard."""
        with host.rep(url) as rep:
            with plugin.req(url) as exchange:
                for small in (b"first", b"second"):  # as many as mangos reads ahead
                    exchange.send(small)
                try:
                    exchange.send(LARGE, SOON)
                except ChannelTimeoutError:
                    pass  # half of it was written
            assert rep.recv(DEADLINE) == b"first"
            with plugin.req(url) as after:
                after.send(b"handshake")
                while (heard := rep.recv(DEADLINE)) != b"handshake":
                    assert heard in (b"second", LARGE)

    def test_a_host_that_takes_no_more_than_a_mebibyte(
        self, plugin: Transport, mangos: Mangos, url: str
    ) -> None:
        """As before 2.0: what is longer cuts the connection, and only that."""
        with MangosTransport(mangos, 1 << 20).rep(url) as rep, plugin.req(url) as exchange:
            exchange.send(bytes((1 << 20) - 4))  # the id of a request counts
            assert len(rep.recv(DEADLINE)) == (1 << 20) - 4
            with pytest.raises(ChannelResetError):
                ask(exchange, bytes((1 << 20) - 3))
            exchange.send(b"handshake", DEADLINE)
            assert rep.recv(DEADLINE) == b"handshake"

    def test_who_it_is(
        self, plugin: Transport, host: MangosTransport, mangos: Mangos, url: str
    ) -> None:
        """Each knows the other's process."""
        with host.rep(url) as rep, plugin.req(url) as exchange:
            exchange.send(b"handshake")
            rep.recv(DEADLINE)
            assert rep.peer == Peer(os.getpid(), os.geteuid())
            eventually(lambda: exchange.peer == Peer(mangos.pid, os.geteuid()))


class TestSources:
    """PUSH of the plugin, PULL of the host."""

    def test_the_host_comes_back(
        self, plugin: Transport, host: MangosTransport, url: str, aside: Aside
    ) -> None:
        """Rows wait while nobody listens, and go to whoever listens next."""
        inbox = host.pull(url)
        with plugin.push(url) as outbox:
            for number in range(5):
                outbox.send(b"%d" % number)
                assert inbox.recv(DEADLINE) == b"%d" % number
                inbox.close()
                assert readable(outbox.fileno(), DEADLINE)  # only now has all of it gone
                with pytest.raises(ChannelTimeoutError):
                    outbox.send(b"refused", SOON)
                waiting = aside.blocked(outbox.send, b"waits")
                inbox = host.pull(url)
                assert inbox.recv(DEADLINE) == b"waits"
                waiting.result(DEADLINE)
        inbox.close()

    def test_the_plugin_goes_in_the_middle_of_a_row(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """The rows before it arrive, half of it does not, and the next plugin's do."""
        with host.pull(url) as inbox:
            with plugin.push(url) as outbox:
                for number in range(QUEUE + 1):  # and no more is read from the socket
                    outbox.send(b"%d" % number)
                with pytest.raises(ChannelTimeoutError):
                    outbox.send(LARGE, SOON)
            rows = [inbox.recv(DEADLINE) for _ in range(QUEUE + 1)]
            assert rows == [b"%d" % number for number in range(QUEUE + 1)]
            nothing(inbox)
            with plugin.push(url) as outbox:
                outbox.send(b"next")
                assert inbox.recv(DEADLINE) == b"next"

    def test_two_plugins(self, plugin: Transport, host: MangosTransport, url: str) -> None:
        """Rows of each arrive in order."""
        with host.pull(url) as inbox, plugin.push(url) as one, plugin.push(url) as other:
            for number in range(50):
                one.send(b"a%d" % number)
                other.send(b"b%d" % number)
            from_both_in_order(inbox)

    def test_a_host_that_takes_no_more_than_a_mebibyte(
        self, plugin: Transport, mangos: Mangos, url: str
    ) -> None:
        """As before 2.0: cut three times at one row, the plugin gives it up; the next arrives."""
        with MangosTransport(mangos, 1 << 20).pull(url) as inbox, plugin.push(url) as outbox:
            outbox.send(bytes(1 << 20))
            assert len(inbox.recv(DEADLINE)) == 1 << 20
            with pytest.raises(ChannelResetError, match="3 times"):
                outbox.send(bytes(5 << 20))
            outbox.send(b"small", DEADLINE)
            assert inbox.recv(DEADLINE) == b"small"


class TestSinks:
    """PUSH of the host, PULL of the plugin."""

    def test_the_plugin_comes_back(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """The host dials again by itself, and sends what it kept meanwhile."""
        inbox = plugin.pull(url)
        with host.push(url) as outbox:
            for number in range(3):
                outbox.send(b"%d" % number)
                assert inbox.recv(DEADLINE) == b"%d" % number
                inbox.close()
                outbox.await_peers(0)
                outbox.send(b"kept")
                inbox = plugin.pull(url)
                assert inbox.recv(DEADLINE) == b"kept"
        inbox.close()

    def test_the_host_goes_in_the_middle_of_a_message(
        self, plugin: Transport, host: MangosTransport, url: str
    ) -> None:
        """Half a message is none; the next host's arrives."""
        with plugin.pull(url) as inbox:
            with host.push(url) as outbox:
                outbox.send(b"first")
                assert inbox.recv(DEADLINE) == b"first"
                outbox.send(LARGE)
            with host.push(url) as outbox:
                outbox.send(b"next")
                while (heard := inbox.recv(DEADLINE)) != b"next":
                    assert heard == LARGE

    def test_two_hosts(self, plugin: Transport, host: MangosTransport, url: str) -> None:
        """Messages of each arrive in order."""
        with plugin.pull(url) as inbox, host.push(url) as one, host.push(url) as other:
            for number in range(50):
                one.send(b"a%d" % number)
                other.send(b"b%d" % number)
            from_both_in_order(inbox)
