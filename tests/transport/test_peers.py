"""ipc against peers that speak badly, or only a little, played by bare sockets."""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from ekuiper.errors import (
    ChannelResetError,
    ChannelTimeoutError,
    ConnectError,
)
from ekuiper.transport import Inbox, listening, wait
from ekuiper.transport.ipc import IpcTransport

from .conftest import (
    DEADLINE,
    PULL,
    PUSH,
    REP,
    REQ,
    SOON,
    Aside,
    Raw,
    RawListener,
    eventually,
    readable,
)

ID = 0x80000001
BAD_GREETINGS = [
    (b"GET / HTTP/1.1\r\n\r\n", "a greeting that is not SP version 0: 47 45 54"),
    (b"\0SP\1\0\x50\0\0", "a greeting that is not SP version 0"),
    (b"\0SP\0\0\x50\0\1", "a greeting that is not SP version 0"),
    (b"\0SP\0\0\x51\0\0", "protocol PULL where PUSH was expected"),
    (b"\0SP\0\0\x10\0\0", "protocol 0x10 where PUSH was expected"),
    (b"\0SP\0\0\x50\0\0\2" + bytes(8), "message type 2 instead of 1"),
    (b"\0SP\0\0\x50\0\0\1" + b"\xff" * 8, "a message of 18446744073709551615 bytes"),
]


@pytest.fixture
def url(folder: str) -> str:
    return f"ipc://{folder}/x"


@pytest.fixture
def inbox(ipc: IpcTransport, url: str) -> Iterator[Inbox]:
    with ipc.pull(url) as channel:
        yield channel


def nothing(inbox: Inbox) -> None:
    with pytest.raises(ChannelTimeoutError):
        inbox.recv(SOON)


class TestListeners:
    """PULL and REP."""

    @pytest.mark.parametrize(("said", "reason"), BAD_GREETINGS)
    def test_nonsense_ends_that_connection_only(
        self,
        ipc: IpcTransport,
        inbox: Inbox,
        url: str,
        caplog: pytest.LogCaptureFixture,
        said: bytes,
        reason: str,
    ) -> None:
        """It is logged, once, with what was wrong; others do not notice."""
        with ipc.push(url) as good, Raw.dial(url) as bad:
            good.send(b"a")
            bad.sock.sendall(said)
            assert inbox.recv(DEADLINE) == b"a"
            nothing(inbox)
            assert bad.cut()
            good.send(b"b")
            assert inbox.recv(DEADLINE) == b"b"
        assert caplog.text.count(reason) == 1
        assert "WARNING" in caplog.text

    def test_messages_before_nonsense_count(self, inbox: Inbox, url: str) -> None:
        """Whatever comes after them."""
        with Raw.dial(url).greet(PUSH).message(b"a").message(b"b") as raw:
            raw.sock.sendall(bytes(100))
            assert inbox.recv(DEADLINE) == b"a"
            assert inbox.recv(DEADLINE) == b"b"
            nothing(inbox)

    def test_a_greeting_may_come_in_pieces(self, inbox: Inbox, url: str) -> None:
        """And so may everything after it."""
        said = b"\0SP\0\0\x50\0\0\1" + struct.pack(">Q", 3) + b"abc"
        with Raw.dial(url) as raw:
            for n in range(len(said)):
                assert not inbox.ready()
                raw.sock.sendall(said[n : n + 1])
            assert inbox.recv(DEADLINE) == b"abc"

    def test_half_a_message_is_dropped(self, ipc: IpcTransport, inbox: Inbox, url: str) -> None:
        """A peer that is lost in the middle leaves what was whole before."""
        for cut in (b"\1", b"\1" + bytes(7), b"\1" + bytes(7) + b"\5ab"):
            with Raw.dial(url).greet(PUSH).message(b"whole") as raw:
                raw.sock.sendall(cut)
            assert inbox.recv(DEADLINE) == b"whole"
            nothing(inbox)
        with ipc.push(url) as good:
            good.send(b"a")
            assert inbox.recv(DEADLINE) == b"a"

    def test_half_a_message_is_not_ready(self, inbox: Inbox, url: str) -> None:
        """`wait` goes on until all of it came."""
        with Raw.dial(url).greet(PUSH) as raw:
            number = inbox.fileno()
            raw.sock.sendall(b"\1" + bytes(7) + b"\4ab")
            assert readable(number, DEADLINE)
            assert wait([inbox], SOON) == []
            raw.sock.sendall(b"cd")
            assert wait([inbox], DEADLINE) == [inbox]
            assert inbox.recv(0) == b"abcd"

    def test_the_silent_are_sent_away(
        self,
        ipc: IpcTransport,
        inbox: Inbox,
        url: str,
        aside: Aside,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """After ten seconds, here fewer; until then they keep nobody waiting."""
        monkeypatch.setattr(listening, "_GREETING_PATIENCE", 0.2)
        with Raw.dial(url) as silent, Raw.dial(url) as slow, ipc.push(url) as good:
            slow.sock.sendall(b"\0SP")
            good.send(b"a")
            assert inbox.recv(DEADLINE) == b"a"
            waiting = aside.blocked(inbox.recv)
            assert silent.cut()
            assert slow.cut()
            good.send(b"b")
            assert waiting.result(DEADLINE) == b"b"
        assert caplog.text.count("no greeting within 0.2 s") == 2

    def test_only_the_silent_are_sent_away(
        self, inbox: Inbox, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not who spoke while nobody listened, nor who greeted and then had nothing to say."""
        monkeypatch.setattr(listening, "_GREETING_PATIENCE", 0.0)
        with Raw.dial(url).greet(PUSH).message(b"a") as early, Raw.dial(url).greet(PUSH) as quiet:
            assert early.read(8) == b"\0SP\0\0\x51\0\0"
            assert quiet.read(8) == b"\0SP\0\0\x51\0\0"
            assert inbox.recv(DEADLINE) == b"a"
            nothing(inbox)
            quiet.message(b"b")
            assert inbox.recv(DEADLINE) == b"b"

    def test_one_who_only_looks(
        self, ipc: IpcTransport, inbox: Inbox, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A connection that comes and goes is nothing to speak of."""
        for _ in range(5):
            Raw.dial(url).close()
        nothing(inbox)
        assert caplog.text == ""

    def test_empty_messages_count(self, inbox: Inbox, url: str) -> None:
        """A message may have no bytes."""
        with Raw.dial(url).greet(PUSH).message(b"").message(b"a").message(b""):
            assert [inbox.recv(DEADLINE) for _ in range(3)] == [b"", b"a", b""]

    def test_requests_without_an_id_are_dropped(self, ipc: IpcTransport, url: str) -> None:
        """Too short, or too many hops: that message only, not the connection."""
        hops = struct.pack(">8I", *range(8))
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            raw.message(b"").message(b"abc").message(hops + struct.pack(">I", ID) + b"far")
            raw.message(hops[:28] + struct.pack(">I", ID) + b"a")
            assert host.recv(DEADLINE) == b"a"
            host.send(b"b")
            raw.read(8)
            assert raw.read_message() == hops[:28] + struct.pack(">I", ID) + b"b"

    def test_requests_without_an_id_starve_nobody(self, ipc: IpcTransport, url: str) -> None:
        """However many there are."""
        with ipc.rep(url) as host, ipc.req(url) as good, Raw.dial(url).greet(REQ) as raw:
            for _ in range(50):
                raw.message(b"")
            good.send(b"a")
            assert host.recv(DEADLINE) == b"a"

    def test_a_newcomer_comes_after_what_was_said_before(self, ipc: IpcTransport, url: str) -> None:
        """The last answer of a plugin that died is not taken for that of its successor."""
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as old:
            old.message(struct.pack(">I", ID) + b"handshake")
            assert host.recv(DEADLINE) == b"handshake"
            host.send(b"1")
            with Raw.dial(url).greet(REQ) as new:
                with pytest.raises(ChannelTimeoutError):
                    host.recv(0.05)  # lets it in
                old.message(struct.pack(">I", ID + 1) + b"answer 1").close()
                new.message(struct.pack(">I", ID) + b"handshake")
                assert host.recv(DEADLINE) == b"answer 1"
                assert host.recv(DEADLINE) == b"handshake"

    def test_the_next_request_stays_in_the_socket(self, ipc: IpcTransport, url: str) -> None:
        """A host has no queue: a peer that goes on asking is held back by the kernel."""
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            raw.message(struct.pack(">I", ID) + b"first")
            assert host.recv(DEADLINE) == b"first"
            raw.sock.setblocking(False)

            def keep_asking() -> None:
                while True:
                    raw.message(struct.pack(">I", ID) + b"handshake")

            with pytest.raises(BlockingIOError):
                keep_asking()
            assert host.recv(DEADLINE) == b"handshake"
            assert host.recv(DEADLINE) == b"handshake"

    def test_a_host_answers_with_the_same_id(self, ipc: IpcTransport, url: str) -> None:
        """Bytes as mangos writes them."""
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            raw.message(struct.pack(">I", ID) + b"handshake")
            assert host.recv(DEADLINE) == b"handshake"
            host.send(b"ok")
            assert raw.read(8) == bytes.fromhex("0053500000310000")
            assert raw.read(15) == bytes.fromhex("010000000000000006800000016f6b")

    def test_an_asker_that_takes_nothing(self, ipc: IpcTransport, url: str) -> None:
        """`send` gives up after its timeout; what was half sent never arrives."""
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            raw.message(struct.pack(">I", ID) + b"a")
            host.recv(DEADLINE)
            with pytest.raises(ChannelTimeoutError, match="the asker took nothing in time"):
                host.send(b"x" * 5_000_000, SOON)
            assert raw.cut()

    def test_an_asker_whose_buffer_is_full(self, ipc: IpcTransport, url: str) -> None:
        """Nothing was written: the answer may be sent again."""
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            answers = []

            def keep_answering() -> None:
                while True:
                    raw.message(struct.pack(">I", ID) + b"a")
                    host.recv(DEADLINE)
                    host.send(b"x" * 20_000, SOON)
                    answers.append(20_004)

            with pytest.raises(ChannelTimeoutError):
                keep_answering()
            raw.read(8)
            for _ in answers:
                assert len(raw.read_message()) == 20_004
            host.send(b"last", DEADLINE)
            assert raw.read_message()[4:] == b"last"

    def test_greeted_before_anybody_receives(self, ipc: IpcTransport, url: str) -> None:
        """A peer that waits for our greeting is not kept waiting by a busy owner."""
        with ipc.pull(url) as inbox, Raw.dial(url) as raw:
            assert raw.read(8) == bytes.fromhex("0053500000510000")
            raw.greet(PUSH).message(b"a")
            assert inbox.recv(DEADLINE) == b"a"
            with Raw.dial(url) as late:
                assert not readable(late.sock.fileno(), SOON)
                assert not inbox.ready()
                assert late.read(8) == bytes.fromhex("0053500000510000")

    def test_greeted_at_all_times(self, url: str) -> None:
        """`attended` listeners let peers in whatever their owner does."""
        with IpcTransport(attended=True).rep(url) as host:
            for _ in range(3):
                with Raw.dial(url) as raw:
                    assert raw.read(8) == bytes.fromhex("0053500000310000")
                    raw.greet(REQ).message(struct.pack(">I", ID) + b"a")
                    assert host.recv(DEADLINE) == b"a"


class TestRequests:
    """REQ."""

    def test_what_it_says(self, ipc: IpcTransport, url: str) -> None:
        """Greeting, head, an id with the top bit, payload; ids count up, and start anywhere."""
        ids = []
        with RawListener(url) as listener:
            for _ in range(2):
                with ipc.req(url) as plugin, listener.accept() as host:
                    plugin.send(b"handshake")
                    assert host.read(8) == bytes.fromhex("0053500000300000")
                    assert host.read(9) == bytes.fromhex("01000000000000000d")
                    ids.append(int.from_bytes(host.read(4), "big"))
                    assert host.read(9) == b"handshake"
                    plugin.send(b"again")
                    body = host.read_message()
                    assert int.from_bytes(body[:4], "big") == (ids[-1] + 1) | 0x80000000
        assert all(number & 0x80000000 for number in ids)
        assert ids[0] != ids[1]

    def test_replies_to_others_are_dropped(self, ipc: IpcTransport, url: str) -> None:
        """Unknown ids, ids of cancelled requests, replies that came twice, or too short."""
        with RawListener(url) as listener, ipc.req(url) as plugin:
            plugin.send(b"a")
            with listener.accept(REP) as host:
                old = host.read_message()[:4]
                plugin.send(b"b")
                new = host.read_message()[:4]
                host.message(b"").message(b"ab").message(b"\x80\0\0\0unknown")
                host.message(old + b"to a")
                with pytest.raises(ChannelTimeoutError):
                    plugin.recv(SOON)
                host.message(new + b"to b").message(new + b"twice").message(old + b"late")
                assert plugin.recv(DEADLINE) == b"to b"
                plugin.send(b"c")
                host.message(host.read_message()[:4] + b"to c")
                assert plugin.recv(DEADLINE) == b"to c"

    @pytest.mark.parametrize("timeout", [None, DEADLINE])
    def test_a_reply_may_come_in_pieces(
        self, ipc: IpcTransport, url: str, aside: Aside, timeout: float | None
    ) -> None:
        """A timeout in the middle loses nothing."""
        with RawListener(url) as listener, ipc.req(url) as plugin, listener.accept(REP) as host:
            plugin.send(b"a")
            said = host.read_message()[:4] + b"x" * 100_000
            said = b"\1" + struct.pack(">Q", len(said)) + said
            for part in (said[:5], said[5:12], said[12:60_000]):
                host.sock.sendall(part)
                with pytest.raises(ChannelTimeoutError):
                    plugin.recv(SOON)
            waiting = aside.blocked(plugin.recv, timeout)
            host.sock.sendall(said[60_000:])
            assert waiting.result(DEADLINE) == b"x" * 100_000

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            (b"HTTP/1.1 400", "a greeting that is not SP version 0"),
            (b"\0SP\0\0\x51\0\0", "protocol PULL where REP was expected"),
            (b"\0SP\0\0\x31\0\0\7" + bytes(8), "message type 7 instead of 1"),
        ],
    )
    def test_nonsense_resets(
        self,
        ipc: IpcTransport,
        url: str,
        caplog: pytest.LogCaptureFixture,
        said: bytes,
        reason: str,
    ) -> None:
        """The connection is dropped and the request with it; it is said why."""
        with RawListener(url) as listener, ipc.req(url) as plugin, listener.accept() as host:
            plugin.send(b"a")
            host.sock.sendall(said)
            with pytest.raises(ChannelResetError):
                plugin.recv(DEADLINE)
            assert host.cut()
            assert caplog.text.count(reason) == 1
            plugin.send(b"b", DEADLINE)
            with listener.accept(REP) as host:
                host.message(host.read_message()[:4] + b"c")
                assert plugin.recv(DEADLINE) == b"c"

    def test_a_reply_before_nonsense_counts(self, ipc: IpcTransport, url: str) -> None:
        """And so does one right before the connection ends."""
        with RawListener(url) as listener, ipc.req(url) as plugin:
            for nonsense in (bytes(20), b""):
                plugin.send(b"a", DEADLINE)
                with listener.accept(REP) as host:
                    reply = host.read_message()[:4] + b"b"
                    host.sock.sendall(b"\1" + struct.pack(">Q", len(reply)) + reply + nonsense)
                assert plugin.recv(DEADLINE) == b"b"
                if not nonsense:
                    with pytest.raises(ChannelResetError):
                        plugin.send(b"noticed now")

    def test_cut_in_the_middle(self, ipc: IpcTransport, url: str) -> None:
        """Half a reply is none."""
        with RawListener(url) as listener, ipc.req(url) as plugin:
            plugin.send(b"a")
            with listener.accept(REP) as host:
                host.read_message()
                host.sock.sendall(b"\1" + bytes(7) + b"\x20\x80")
            with pytest.raises(ChannelResetError):
                plugin.recv()

    def test_an_unread_request_is_lost_with_the_connection(
        self, ipc: IpcTransport, url: str
    ) -> None:
        """A host that closes without reading sends a reset, not an end."""
        with RawListener(url) as listener, ipc.req(url) as plugin:
            with listener.accept(REP):
                plugin.send(b"a")
            with pytest.raises(ChannelResetError):
                plugin.recv()

    def test_a_host_that_never_greets(self, ipc: IpcTransport, url: str) -> None:
        """Keeps a dial from nothing, and a recv no longer than its timeout."""
        with RawListener(url), ipc.req(url) as plugin:
            plugin.send(b"a")
            with pytest.raises(ChannelTimeoutError):
                plugin.recv(SOON)

    def test_a_host_that_takes_nothing(self, ipc: IpcTransport, url: str) -> None:
        """Half a request is none: the connection is dropped and dialled anew."""
        with RawListener(url) as listener, ipc.req(url) as plugin:
            with listener.accept(REP) as host:
                with pytest.raises(ChannelTimeoutError, match="took nothing in time"):
                    plugin.send(b"x" * 5_000_000, SOON)
                assert host.cut()
            plugin.send(b"a", DEADLINE)
            with listener.accept(REP) as host:
                assert host.read_message()[4:] == b"a"

    def test_a_full_backlog_is_waited_for(self, ipc: IpcTransport, url: str) -> None:
        """A listener that lets nobody in blocks a dial no longer than its timeout."""
        with RawListener(url) as listener, ExitStack() as open_ones:
            listener.sock.listen(0)
            open_ones.enter_context(ipc.req(url))
            with pytest.raises(ConnectError, match="temporarily unavailable"):
                open_ones.enter_context(ipc.req(url, SOON))


class TestSenders:
    """PUSH."""

    def test_what_it_says(self, ipc: IpcTransport, url: str) -> None:
        """Greeting, then head and payload."""
        with RawListener(url) as listener, ipc.push(url) as outbox, listener.accept(PULL) as host:
            outbox.send(b'{"message":{"a":1},"meta":null}')
            assert host.read(9).hex() == "01000000000000001f"
            assert host.read(31) == b'{"message":{"a":1},"meta":null}'

    def test_it_sends_nothing_to_another_protocol(
        self, ipc: IpcTransport, url: str, aside: Aside, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A listener that is no PULL is dropped, and the next one tried."""
        with RawListener(url) as listener, ipc.push(url) as outbox:
            sending = aside(outbox.send, b"a")
            with listener.accept(REP) as wrong:
                assert wrong.read(1) == b""
            with listener.accept(PULL) as host:
                assert host.read_message() == b"a"
                sending.result(DEADLINE)
        assert caplog.text.count("protocol REP where PULL was expected") == 1

    def test_a_listener_that_greets_late(self, ipc: IpcTransport, url: str) -> None:
        """Is sent to all the same, after a short while."""
        with RawListener(url) as listener, ipc.push(url) as outbox, listener.accept() as host:
            outbox.send(b"a")
            outbox.send(b"b")
            host.read(8)
            assert host.read_message() == b"a"
            host.greet(PULL)
            outbox.send(b"c")
            assert host.read_message() == b"b"
            assert host.read_message() == b"c"

    def test_a_message_is_sent_again_from_its_start(
        self, ipc: IpcTransport, url: str, aside: Aside
    ) -> None:
        """When the listener is lost in the middle of it."""
        data = bytes(range(256)) * 4000
        with RawListener(url) as listener, ipc.push(url) as outbox:
            sending = aside(outbox.send, data)
            with listener.accept(PULL) as host:
                host.read(50_000)
            with listener.accept(PULL) as host:
                assert host.read_message() == data
                sending.result(DEADLINE)

    def test_old_hosts_and_large_messages(self, ipc: IpcTransport, url: str, aside: Aside) -> None:
        """Cut three times at the same message of more than 1 MiB, it gives up and says why."""
        with RawListener(url) as listener, ipc.push(url) as outbox:
            sending = aside(outbox.send, bytes((1 << 20) + 1))
            for _ in range(3):
                with listener.accept(PULL) as host:
                    host.read(9)
            with pytest.raises(ChannelResetError, match="3 times at a message of 1048577 bytes"):
                sending.result(DEADLINE)
            sending = aside(outbox.send, b"small")
            with listener.accept(PULL) as host:
                assert host.read_message() == b"small"
                sending.result(DEADLINE)

    def test_small_messages_are_never_given_up(
        self, ipc: IpcTransport, url: str, aside: Aside
    ) -> None:
        """However often the connection is cut."""
        with RawListener(url) as listener, ipc.push(url) as outbox:
            sending = aside(outbox.send, bytes(1 << 20))
            for _ in range(4):
                with listener.accept(PULL) as host:
                    host.read(9)
            with listener.accept(PULL) as host:
                assert host.read_message() == bytes(1 << 20)
                sending.result(DEADLINE)

    def test_a_listener_that_cuts_at_once_is_not_stormed(
        self, ipc: IpcTransport, url: str, aside: Aside
    ) -> None:
        """The pauses between attempts grow while connections are short-lived."""
        with RawListener(url) as listener, ipc.push(url) as outbox:
            sending = aside(outbox.send, bytes(1 << 20))
            times = []
            for _ in range(6):
                with listener.accept(PULL):
                    times.append(time.monotonic())
            pauses = [after - before for before, after in pairwise(times)]
            assert pauses[-1] > 0.1
            outbox.close()
            with pytest.raises(Exception, match="closed"):
                sending.result(DEADLINE)

    def test_a_dead_listener_is_noticed_before_a_message_is_lost(
        self, ipc: IpcTransport, url: str
    ) -> None:
        """Its end of the connection is closed: the message goes to the next one."""
        with RawListener(url) as listener, ipc.push(url) as outbox:
            with listener.accept(PULL) as host:
                outbox.send(b"a")
                assert host.read_message() == b"a"
            outbox.send(b"b", DEADLINE)
            with listener.accept(PULL) as host:
                assert host.read_message() == b"b"

    def test_a_listener_that_never_reads_is_no_reason_to_lose_the_end(
        self, ipc: IpcTransport, url: str
    ) -> None:
        """What was taken can be read after the sender has closed."""
        with RawListener(url) as listener, ipc.push(url) as outbox, listener.accept(PULL) as host:
            for n in range(50):
                outbox.send(b"%d" % n)
            outbox.close()
            assert [host.read_message() for _ in range(50)] == [b"%d" % n for n in range(50)]
            assert host.cut()


def test_warnings_are_few(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Peers that come and go the usual way are not logged."""
    transport = IpcTransport(attended=True)
    with caplog.at_level(logging.INFO), transport.pull(url) as inbox:
        for _ in range(5):
            with transport.push(url) as outbox:
                outbox.send(b"a")
                assert inbox.recv(DEADLINE) == b"a"
        nothing(inbox)
        eventually(lambda: not inbox.ready())
    assert caplog.text == ""
