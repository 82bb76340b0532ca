"""A sink that ignores its stop: what it does later is of no consequence."""

from __future__ import annotations

import threading

import pytest

from ekuiper import PluginConfig, Sink

from .conftest import DEADLINE

SHORT = 0.1


@pytest.fixture
def hasty(monkeypatch):
    """Stops wait less long than they do."""
    monkeypatch.setattr("ekuiper.runtime.symbol.GRACE", 0.01)
    monkeypatch.setattr("ekuiper.runtime.symbol.CLOSE_TIMEOUT", SHORT)


class Deaf(Sink):
    """The first one takes its first row when it is let, and acknowledges it itself."""

    def __init__(self, made, release):
        made.append(self)
        self.first = len(made) == 1
        self.release, self.inside, self.done = release, threading.Event(), threading.Event()

    def configure(self, conf):
        pass

    def open(self, ctx):
        pass

    def collect(self, ctx, data):
        self.inside.set()
        if self.first:
            self.release.wait(DEADLINE)
            ctx.ack_error("late")
            self.done.set()

    def close(self, ctx):
        pass


def test_it_is_told_with_its_stack_and_acknowledges_nothing_later(wire, hasty, caplog):
    """Neither its own verdict nor that for the row it had reaches the next run, which has the same
    addresses; one line tells that."""
    made, release = [], threading.Event()
    host = wire(PluginConfig("p", {}, {"k": lambda: Deaf(made, release)}, {}))
    acks = host.acks()
    sink = host.sink("k", requireAck=True)
    sink.send(b"one")
    assert made[0].inside.wait(DEADLINE)
    assert host.command("stop", "sink", "k") is None
    assert "close() returned, but did not end it" in caplog.text
    assert "in collect: self.release.wait(DEADLINE)\n" in caplog.text

    again = host.sink("k", requireAck=True)
    release.set()
    assert made[0].done.wait(DEADLINE)
    assert "acknowledged a row after its end; ignored" in caplog.text
    again.send(b"two")
    assert acks.recv(DEADLINE) == b"{}"
    assert host.command("stop", "sink", "k") is None
    assert acks.ready() is False


def test_a_close_that_hangs_is_told_where(wire, hasty, caplog):
    """It is that of an open sink, on a thread of its own."""
    release, opened = threading.Event(), threading.Event()

    class Hanging(Sink):
        def configure(self, conf):
            pass

        def open(self, ctx):
            opened.set()

        def collect(self, ctx, data):
            pass

        def close(self, ctx):
            release.wait(DEADLINE)

    host = wire(PluginConfig("p", {}, {"k": Hanging}, {}))
    host.sink("k")
    assert opened.wait(DEADLINE)
    assert host.command("stop", "sink", "k") is None
    release.set()

    assert "close() has not returned" in caplog.text
    assert "in close: release.wait(DEADLINE)\n" in caplog.text
