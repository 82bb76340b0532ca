"""Sinks: messages, acknowledgements, opening and stopping."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue

import pytest

from ekuiper import PluginConfig, Sink
from ekuiper.errors import SymbolError

from .conftest import DEADLINE


class Keep(Sink):
    """Puts what it is given into a queue; raises where `bad` says so."""

    def __init__(self, bad=lambda data: None, ack=None):
        self.got = SimpleQueue()
        self.bad = bad
        self.closed = threading.Event()
        if ack:
            self.ack = ack

    def configure(self, conf):
        self.conf = conf

    def collect(self, ctx, data):
        self.ctx = ctx
        self.got.put(data)
        self.bad(data)

    def close(self, ctx):
        self.closed.set()


def plugin(factory):
    return PluginConfig("p", {}, {"k": factory}, {})


def started(wire, sink, **config):
    host = wire(plugin(lambda: sink))
    return host, host.sink("k", **config)


def test_messages_arrive_as_bytes_in_order(wire):
    """Exactly what the host's encoder made, one collect for each."""
    sink = Keep()
    _, outbox = started(wire, sink)
    for number in range(100):
        outbox.send(b'[{"n":%d}]' % number)
    got = [sink.got.get(timeout=DEADLINE) for _ in range(100)]

    assert got == [b'[{"n":%d}]' % number for number in range(100)]
    assert all(type(data) is bytes for data in got)


def test_it_listens_before_the_start_is_answered(wire):
    """The host dials once, at once, and fails the rule if nobody is there."""
    host = wire(plugin(Keep))
    assert host.command("start", "sink", "k") is None
    from ekuiper.protocol.messages import Meta

    host.channels.append(host.transport.push(host.addresses.data(Meta("r1", "op", 0)), timeout=0.0))


def test_one_bad_row_never_ends_a_sink(wire, caplog):
    """What collect raises is logged with its line; the next row comes."""

    def bad(data):
        if data == b"bad":
            raise ValueError("cannot read it")

    sink = Keep(bad)
    _, outbox = started(wire, sink)
    for data in (b"1", b"bad", b"2"):
        outbox.send(data)

    assert [sink.got.get(timeout=DEADLINE) for _ in range(3)] == [b"1", b"bad", b"2"]
    assert "collect of sink 'k' of plugin 'p' in rule 'r1' (op) raised ValueError" in caplog.text
    assert "test_sinks.py:" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_not_even_one_that_wants_to_exit(wire, error):
    """The process belongs to all rules."""

    def bad(data):
        if data == b"bad":
            raise error

    sink = Keep(bad)
    _, outbox = started(wire, sink)
    outbox.send(b"bad")
    outbox.send(b"good")

    assert [sink.got.get(timeout=DEADLINE) for _ in range(2)] == [b"bad", b"good"]


def test_without_require_ack_acks_go_nowhere(wire):
    """The host would not read them; any number of calls does no harm."""

    def bad(data):
        sink.ctx.ack_ok()
        sink.ctx.ack_error("x")

    sink = Keep(bad)
    _, outbox = started(wire, sink)
    for _ in range(1000):
        outbox.send(b"x")
    for _ in range(1000):
        sink.got.get(timeout=DEADLINE)


@pytest.mark.parametrize("key", ["requireAck", "requireack"])
def test_rows_are_acknowledged_by_themselves(wire, key):
    """{} when collect returned, the error when it raised; exactly one for each."""

    def bad(data):
        if data == b"bad":
            raise ValueError("no")

    sink = Keep(bad)
    host = wire(plugin(lambda: sink))
    acks = host.acks()
    outbox = host.sink("k", **{key: True})
    for data in (b"1", b"bad", b"2"):
        outbox.send(data)

    assert json.loads(acks.recv(DEADLINE)) == {}
    assert json.loads(acks.recv(DEADLINE))["error"].startswith("ValueError: no (test_sinks.py:")
    assert json.loads(acks.recv(DEADLINE)) == {}


def test_the_authors_ack_takes_the_place_of_the_automatic_one(wire, caplog):
    """Extra acks would shift all later ones: they are ignored, with one warning."""

    def bad(data):
        sink.ctx.ack_error("mine")
        sink.ctx.ack_ok()
        sink.ctx.ack_ok()

    sink = Keep(bad)
    host = wire(plugin(lambda: sink))
    acks = host.acks()
    outbox = host.sink("k", requireAck=True)
    outbox.send(b"1")
    outbox.send(b"2")

    assert [json.loads(acks.recv(DEADLINE)) for _ in range(2)] == [{"error": "mine"}] * 2
    assert caplog.text.count("acknowledged more rows than came") == 1


def test_manual_acks_wait_for_the_author(wire):
    """From any thread, later, in the order of the rows."""
    sink = Keep(ack="manual")
    host = wire(plugin(lambda: sink))
    acks = host.acks()
    outbox = host.sink("k", requireAck=True)
    for data in (b"1", b"2", b"3"):
        outbox.send(data)
        sink.got.get(timeout=DEADLINE)
    sink.ctx.ack_ok()
    sink.ctx.ack_error("second")
    sink.ctx.ack_ok()
    got = [json.loads(acks.recv(DEADLINE)) for _ in range(3)]

    assert got == [{}, {"error": "second"}, {}]


def test_a_manual_sink_that_raises_fails_that_row_in_its_turn(wire):
    """The row's own place is kept: the ack of an earlier row is still the author's."""

    def bad(data):
        if data == b"2":
            raise ValueError("broken")

    sink = Keep(bad, ack="manual")
    host = wire(plugin(lambda: sink))
    acks = host.acks()
    outbox = host.sink("k", requireAck=True)
    for data in (b"1", b"2", b"3"):
        outbox.send(data)
        sink.got.get(timeout=DEADLINE)
    while sink.got.qsize():
        sink.got.get()
    sink.ctx.ack_ok()
    first, second = (json.loads(acks.recv(DEADLINE)) for _ in range(2))
    sink.ctx.ack_ok()

    assert first == {}
    assert second["error"].startswith("ValueError: broken")
    assert json.loads(acks.recv(DEADLINE)) == {}


def test_an_ack_channel_that_is_not_there_is_no_reason_to_fail(wire, monkeypatch, caplog):
    """Hosts before 1.14 have none."""
    monkeypatch.setattr("ekuiper.runtime.acks.DIAL_TIMEOUT", 0.01)
    sink = Keep()
    _, outbox = started(wire, sink, requireAck=True)
    outbox.send(b"1")
    outbox.send(b"2")

    assert [sink.got.get(timeout=DEADLINE) for _ in range(2)] == [b"1", b"2"]
    assert "acknowledges no rows" in caplog.text


def test_what_configure_raises_fails_the_start(wire):
    """The text is the rule's error."""

    class Bad(Keep):
        def configure(self, conf):
            raise KeyError("path")

    host = wire(plugin(Bad))
    error = host.command("start", "sink", "k")

    assert error.startswith("error: KeyError: 'path' (test_sinks.py:")
    assert "sink 'k' of plugin 'p'" in error


def test_a_class_without_collect_fails_the_start(wire):
    """The error names the class and the method to write."""

    class Empty(Sink):
        pass

    host = wire(plugin(Empty))

    assert "has no method collect" in host.command("start", "sink", "k")


def test_open_is_tried_again_until_it_works(wire, monkeypatch, caplog):
    """A failed start would make the host leak its ack listener; rows wait meanwhile."""
    monkeypatch.setattr("ekuiper.runtime.sink.OPEN_PAUSES", (0.01,))
    attempts = []

    class Late(Keep):
        def open(self, ctx):
            attempts.append(1)
            if len(attempts) < 3:
                raise ConnectionError("database is down")

    sink = Late()
    _, outbox = started(wire, sink)
    outbox.send(b"1")

    assert sink.got.get(timeout=DEADLINE) == b"1"
    assert len(attempts) == 3
    assert "ConnectionError: database is down" in caplog.text


def test_a_sink_that_cannot_open_can_be_stopped(wire):
    """Between two attempts as well."""

    tried = threading.Event()

    class Never(Keep):
        def open(self, ctx):
            tried.set()
            raise ConnectionError("down")

    sink = Never()
    host, _ = started(wire, sink)
    assert tried.wait(DEADLINE)

    assert host.command("stop", "sink", "k") is None
    assert sink.closed.is_set()


def test_stop_closes_and_frees_the_address(wire):
    """The next start of the same place listens again."""
    sink = Keep()
    host, outbox = started(wire, sink)
    outbox.send(b"1")
    sink.got.get(timeout=DEADLINE)
    assert host.command("stop", "sink", "k") is None
    assert sink.closed.is_set()
    again = host.sink("k")
    again.send(b"2")

    assert sink.got.get(timeout=DEADLINE) == b"2"


def test_an_async_sink(wire):
    """collect, open and close as coroutines on one loop."""
    import asyncio

    loops = set()
    got: SimpleQueue = SimpleQueue()

    class Async(Sink):
        async def open(self, ctx):
            loops.add(id(asyncio.get_running_loop()))

        async def collect(self, ctx, data):
            loops.add(id(asyncio.get_running_loop()))
            got.put(data)

        async def close(self, ctx):
            loops.add(id(asyncio.get_running_loop()))
            got.put("closed")

    host = wire(plugin(Async))
    outbox = host.sink("k")
    outbox.send(b"1")
    assert got.get(timeout=DEADLINE) == b"1"
    assert host.command("stop", "sink", "k") is None

    assert got.get(timeout=DEADLINE) == "closed"
    assert len(loops) == 1


def test_emit_makes_no_sense_in_a_sink(wire):
    """The error names the method and what it is for."""
    seen: SimpleQueue = SimpleQueue()

    def bad(data):
        for call in (lambda: sink.ctx.emit({}), lambda: sink.ctx.emit_error("x")):
            with pytest.raises(SymbolError, match="for a source only") as caught:
                call()
            seen.put(str(caught.value))

    sink = Keep(bad)
    _, outbox = started(wire, sink)
    outbox.send(b"1")

    assert "ctx.emit is" in seen.get(timeout=DEADLINE)
    assert "ctx.emit_error is" in seen.get(timeout=DEADLINE)


def test_a_stop_does_not_wait_for_an_ack_channel_that_is_gone(wire, caplog):
    """Hosts close it before they send the stop; the dial under way is given up."""
    collected = threading.Event()
    sink = Keep(lambda data: collected.set())
    host, outbox = started(wire, sink, requireAck=True)
    outbox.send(b"1")
    assert collected.wait(DEADLINE)

    assert host.command("stop", "sink", "k") is None
    assert "still at work" not in caplog.text
    assert "acknowledges no rows" not in caplog.text


def test_acks_end_with_the_sink():
    """Also when it is stopped while the ack channel is being dialled."""
    from ekuiper.protocol.messages import Ack
    from ekuiper.runtime.acks import Acks
    from ekuiper.transport.memory import MemoryTransport

    class StoppedMeanwhile(MemoryTransport):
        def push(self, url, *args, **options):
            outbox = super().push(url, *args, **options)
            acks.close()
            return outbox

    transport = StoppedMeanwhile()
    with transport.pull("ipc:///m/ack.ipc") as inbox:
        acks = Acks(transport, "ipc:///m/ack.ipc")
        acks.received()
        assert acks.decide(Ack(None))
        acks.received()
        acks.decide_newest(Ack(None))
        acks.decide_newest(Ack(None))
        assert not acks.decide(Ack(None))
        assert not inbox.ready()
