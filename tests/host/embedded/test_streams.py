"""The data channels, with the plugin's side by hand."""

from __future__ import annotations

import time

import pytest

from ekuiper.errors import (
    ChannelClosedError,
    ChannelTimeoutError,
    ConnectError,
    HostError,
)
from ekuiper.host.embedded.settings import Settings
from ekuiper.host.embedded.streams import SinkLink, SourceLink, requires_ack
from ekuiper.protocol.codec import encode_ack, encode_row, encode_source_error
from ekuiper.protocol.messages import Ack, Meta, Row, SourceError

from .conftest import DEADLINE

META = Meta("rule1", "collect_0", 0)


class TestSource:
    """Rows from a source."""

    def test_rows_and_errors(self, wire):
        """Rows and errors come in the order the source sent them."""
        url = wire.addresses.data(META)
        link = SourceLink(wire.transport.pull(url))
        with wire.transport.push(url) as plugin:
            plugin.send(encode_row(Row({"a": 1}, {"from": "test"})))
            plugin.send(encode_source_error(SourceError("no signal")))
            plugin.send(encode_row(Row({"a": 2}, None)))
            got = [link.recv(DEADLINE) for _ in range(3)]
        assert got == [
            Row({"a": 1}, {"from": "test"}),
            SourceError("no signal"),
            Row({"a": 2}, None),
        ]
        link.close()

    def test_nonsense_is_skipped_and_counted(self, wire):
        """What is no row does not end the stream."""
        url = wire.addresses.data(META)
        link = SourceLink(wire.transport.pull(url))
        with wire.transport.push(url) as plugin:
            for frame in (b"raw", b"[1]", b'{"message":[1]}', encode_row(Row({"a": 1}, None))):
                plugin.send(frame)
            assert link.recv(DEADLINE) == Row({"a": 1}, None)
        assert link.malformed == 3
        link.close()

    def test_an_error_object_is_an_empty_row(self, wire):
        """eKuiper takes {"error": …} for a row without columns: its text is lost."""
        url = wire.addresses.data(META)
        link = SourceLink(wire.transport.pull(url))
        with wire.transport.push(url) as plugin:
            plugin.send(b'{"error":"lost"}')
            assert link.recv(DEADLINE) == Row({}, None)
        link.close()

    def test_a_source_that_is_gone_already(self, wire):
        """What a source sent before anyone listened closely arrives, even if it has left since."""
        url = wire.addresses.data(META)
        link = SourceLink(wire.transport.pull(url))
        with wire.transport.push(url) as plugin:
            for number in range(3):
                plugin.send(encode_row(Row({"a": number}, None)))
        assert [link.recv(DEADLINE).message["a"] for _ in range(3)] == [0, 1, 2]
        link.close()

    def test_deadline(self, wire):
        """A deadline is kept, even if nonsense arrives all the time."""
        url = wire.addresses.data(META)
        link = SourceLink(wire.transport.pull(url))
        with wire.transport.push(url) as plugin:
            plugin.send(b"nonsense")
            with pytest.raises(ChannelTimeoutError):
                link.recv(0.05)
        link.close()

    def test_close_wakes(self, wire, aside):
        """Closing ends a waiting recv."""
        link = SourceLink(wire.transport.pull(wire.addresses.data(META)))
        waiting = aside(link.recv)
        link.close()
        with pytest.raises(ChannelClosedError):
            waiting.result(DEADLINE)


class TestSink:
    """Rows to a sink."""

    def sink(self, wire, *, wait=False, **settings):
        return SinkLink(wire.transport, wire.addresses, META, Settings(**settings), wait=wait)

    def test_acks_are_listened_for_first(self, wire):
        """The ack channel is up before the sink is dialled, and so before its start."""
        link = self.sink(wire)
        wire.transport.push(wire.addresses.ack(META)).close()
        with pytest.raises(ConnectError):
            link.connect()
        link.close()
        with pytest.raises(ConnectError):
            wire.transport.push(wire.addresses.ack(META))

    def test_no_acks_before_1_14(self, wire):
        """An older host has no ack channel, and waits for nothing."""
        with wire.transport.pull(wire.addresses.data(META)) as plugin:
            link = self.sink(wire, wait=True, ack=False)
            link.connect()
            with pytest.raises(ConnectError):
                wire.transport.push(wire.addresses.ack(META))
            link.send(b"row")
            assert plugin.recv(DEADLINE) == b"row"
            with pytest.raises(HostError, match="no acks"):
                link.ack(0)
            link.close()

    def test_bytes_as_they_are(self, wire, aside):
        """A sink gets the bytes, whatever they are."""
        with wire.transport.pull(wire.addresses.data(META)) as plugin:
            link = self.sink(wire)
            link.connect()
            for data in (b"", b"\xff\0", b"x" * 3_000_000):
                sending = aside(link.send, data)
                assert plugin.recv(DEADLINE) == data
                sending.result(DEADLINE)
            link.close()

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (encode_ack(Ack(None)), None),
            (encode_ack(Ack("disk full")), "disk full"),
            (b"yes", "ack error"),
        ],
    )
    def test_send_waits_for_its_ack(self, wire, aside, answer, words):
        """Where acks are required a send ends with the sink's verdict."""
        with wire.transport.pull(wire.addresses.data(META)) as plugin:
            link = self.sink(wire, wait=True)
            link.connect()
            acks = wire.transport.push(wire.addresses.ack(META))
            sending = aside(link.send, b"row")
            assert plugin.recv(DEADLINE) == b"row"
            assert not sending.done()
            acks.send(answer)
            if words is None:
                assert sending.result(DEADLINE) is None
            else:
                with pytest.raises(HostError, match=words):
                    sending.result(DEADLINE)
            acks.close()
            link.close()

    def test_missing_ack(self, wire):
        """ack_timeout bounds what eKuiper would wait for for ever."""
        with wire.transport.pull(wire.addresses.data(META)):
            link = self.sink(wire, wait=True, ack_timeout=0.05)
            link.connect()
            with pytest.raises(HostError, match="no ack in 0"):
                link.send(b"row")
            link.close()

    def test_close_wakes_who_waits_for_an_ack(self, wire, aside):
        """Closing ends a send that waits for its ack."""
        with wire.transport.pull(wire.addresses.data(META)) as plugin:
            link = self.sink(wire, wait=True)
            link.connect()
            sending = aside(link.send, b"row")
            plugin.recv(DEADLINE)
            link.close()
            with pytest.raises(ChannelClosedError):
                sending.result(DEADLINE)

    def test_unasked_acks_are_not_read(self, wire):
        """Without requireAck nobody looks at acks."""
        with wire.transport.pull(wire.addresses.data(META)):
            link = self.sink(wire)
            link.connect()
            with wire.transport.push(wire.addresses.ack(META)) as acks:
                acks.send(encode_ack(Ack("unheard")))
                link.send(b"row")
            link.close()

    def test_a_sink_that_has_gone(self, wire):
        """A send that nobody takes within send_timeout fails."""
        plugin = wire.transport.pull(wire.addresses.data(META))
        link = self.sink(wire, send_timeout=0.05)
        link.connect()
        plugin.close()
        with pytest.raises(HostError, match="send time out"):
            self.send_often(link)
        link.close()

    def send_often(self, link):
        """The first may go into the lost connection."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            link.send(b"row")

    def test_not_started(self, wire):
        """Before the dial there is nobody to send to."""
        link = self.sink(wire)
        with pytest.raises(HostError, match="not started"):
            link.send(b"row")
        link.close()


def test_requires_ack():
    """requireAck is found in any case, and must be a truth value."""
    assert requires_ack({"requireAck": True})
    assert requires_ack({"requireack": True})
    assert not requires_ack({"requireAck": False})
    assert not requires_ack({})
    with pytest.raises(HostError, match="true or false"):
        requires_ack({"requireAck": "yes"})
