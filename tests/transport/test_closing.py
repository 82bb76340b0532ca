"""Closing a channel wakes whoever is inside it, and nothing works after."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ekuiper.errors import ChannelClosedError, ChannelResetError, ChannelTimeoutError
from ekuiper.transport import wait
from ekuiper.transport.ipc import IpcTransport

from .conftest import DEADLINE, Aside, Pair, asleep, descriptors, eventually

LARGE = b"x" * 20_000_000


def closed_while(aside: Aside, channel: Any, call: Callable[..., Any], *args: Any) -> None:
    """`call` blocks, `close` from this thread ends it at once."""
    waiting = aside.blocked(call, *args)
    assert not waiting.done()
    channel.close()
    with pytest.raises(ChannelClosedError, match=r"/x: the channel is closed"):
        waiting.result(DEADLINE)
    channel.close()


@pytest.mark.parametrize("timeout", [None, DEADLINE])
def test_receivers_wake(pair: Pair, aside: Aside, timeout: float | None) -> None:
    """`recv` of REQ, REP and PULL, with a timeout or without."""
    with pair.host.rep(pair.url) as host, pair.plugin.req(pair.url) as plugin:
        plugin.send(b"a")
        host.recv(DEADLINE)
        closed_while(aside, plugin, plugin.recv, timeout)
        closed_while(aside, host, host.recv, timeout)
    with pair.host.pull(pair.url) as inbox:
        closed_while(aside, inbox, inbox.recv, timeout)


@pytest.mark.parametrize("timeout", [None, DEADLINE])
def test_senders_wake(ours: Pair, aside: Aside, timeout: float | None) -> None:
    """`send` of REQ, REP and PUSH to someone who takes nothing."""
    with ours.host.rep(ours.url) as host, ours.plugin.req(ours.url) as plugin:
        plugin.send(b"a")
        host.recv(DEADLINE)
        closed_while(aside, host, host.send, LARGE, timeout)
    with ours.host.rep(ours.url) as host, ours.plugin.req(ours.url) as plugin:
        closed_while(aside, plugin, plugin.send, LARGE, timeout)
    with ours.host.pull(ours.url), ours.plugin.push(ours.url) as outbox:
        closed_while(aside, outbox, outbox.send, LARGE, timeout)


def test_a_sender_wakes_everywhere(pair: Pair, aside: Aside) -> None:
    """`send` of PUSH while the listener is slow."""
    with pair.host.pull(pair.url), pair.plugin.push(pair.url) as outbox:

        def send() -> None:
            while True:
                outbox.send(b"x" * 1000)

        closed_while(aside, outbox, send)


def test_lost_channels_wake(pair: Pair, aside: Aside) -> None:
    """`send` that dials anew, as nobody listens any more."""
    with pair.host.rep(pair.url):
        plugin = pair.plugin.req(pair.url)
        plugin.send(b"a")
    with pytest.raises(ChannelResetError):
        plugin.recv(DEADLINE)
    closed_while(aside, plugin, plugin.send, b"b")
    with pair.host.pull(pair.url):
        outbox = pair.plugin.push(pair.url)
        outbox.send(b"a")
    eventually(lambda: not takes(outbox))
    closed_while(aside, outbox, outbox.send, b"b", DEADLINE)


def takes(outbox: Any) -> bool:
    try:
        outbox.send(b"?", 0.01)
    except ChannelTimeoutError:
        return False
    return True


def test_all_who_wait_for_a_turn_wake(ours: Pair, aside: Aside) -> None:
    """Several threads in one outbox or inbox."""
    with ours.host.pull(ours.url) as inbox, ours.plugin.push(ours.url) as outbox:
        waiting = [aside.blocked(outbox.send, LARGE) for _ in range(3)]
        outbox.close()
        inbox.close()
        for call in waiting:
            with pytest.raises(ChannelClosedError):
                call.result(DEADLINE)
    with ours.host.pull(ours.url) as inbox:
        waiting = [aside.blocked(inbox.recv) for _ in range(3)]
        inbox.close()
        for call in waiting:
            with pytest.raises(ChannelClosedError):
                call.result(DEADLINE)


def test_wait_wakes(pair: Pair, aside: Aside) -> None:
    """A channel that is closed is ready: its `recv` raises at once."""
    with pair.host.rep(pair.url) as host, pair.host.pull(pair.at("b")) as inbox:
        waiting = aside.blocked(wait, [host, inbox])
        inbox.close()
        assert waiting.result(DEADLINE) == [inbox]
        assert wait([host, inbox], 0) == [inbox]
        with pair.plugin.req(pair.url) as plugin:
            plugin.send(b"a")
            waiting = aside.blocked(wait, [plugin])
            plugin.close()
            assert waiting.result(DEADLINE) == [plugin]


def test_nothing_works_after(pair: Pair) -> None:
    """Every call raises `ChannelClosedError`; `close` may be repeated."""
    host, inbox = pair.host.rep(pair.url), pair.host.pull(pair.at("b"))
    plugin, outbox = pair.plugin.req(pair.url), pair.plugin.push(pair.at("b"))
    outbox.send(b"never received")
    for channel in (plugin, outbox, host, inbox):
        channel.close()
        channel.close()
        with pytest.raises(ChannelClosedError):
            channel.fileno()
    for exchange in (plugin, host):
        with pytest.raises(ChannelClosedError):
            exchange.send(b"")
    with pytest.raises(ChannelClosedError):
        outbox.send(b"", 0)
    for receiver in (plugin, host, inbox):
        assert receiver.ready()
        for timeout in (None, 0.0):
            with pytest.raises(ChannelClosedError):
                receiver.recv(timeout)
        with pytest.raises(ChannelClosedError):
            receiver.watch()


def test_a_path_is_free_at_once(pair: Pair, aside: Aside) -> None:
    """Even while another thread has not left the channel yet."""
    for _ in range(10):
        inbox = pair.host.pull(pair.url)
        waiting = aside.blocked(inbox.recv)
        inbox.close()
        with pair.host.pull(pair.url):
            pass
        with pytest.raises(ChannelClosedError):
            waiting.result(DEADLINE)


def test_descriptors_come_back(ours: Pair, aside: Aside) -> None:
    """Whatever was open, whoever was inside."""
    before = descriptors()
    for _ in range(5):
        host, inbox = ours.host.rep(ours.url), ours.host.pull(ours.at("b"))
        plugin, outbox = ours.plugin.req(ours.url), ours.plugin.push(ours.at("b"))
        outbox.send(b"a")
        plugin.send(b"a")
        assert wait([host], DEADLINE) == [host]
        assert wait([inbox], DEADLINE) == [inbox]
        plugin.fileno()
        outbox.fileno()
        waiting = aside.blocked(plugin.recv)
        for channel in (host, inbox, plugin, outbox):
            channel.close()
        with pytest.raises((ChannelClosedError, ChannelResetError)):
            waiting.result(DEADLINE)
    eventually(lambda: descriptors() <= before)


def test_a_signal_handler_may_close(folder: str) -> None:
    """In the very thread that is inside `recv`."""
    with IpcTransport().pull(f"ipc://{folder}/x") as inbox:
        main = threading.main_thread()

        def interrupt() -> None:
            asleep(main)
            os.kill(os.getpid(), signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, lambda number, frame: inbox.close())
        helper = threading.Thread(target=interrupt)
        helper.start()
        try:
            with pytest.raises(ChannelClosedError):
                inbox.recv()
        finally:
            helper.join(DEADLINE)
            signal.signal(signal.SIGUSR1, before)


def test_signals_do_not_end_a_call(folder: str, aside: Aside) -> None:
    """A handler that returns is no reason to stop waiting."""
    transport = IpcTransport()
    url = f"ipc://{folder}/x"
    with transport.rep(url) as host, transport.req(url) as plugin:
        seen: list[int] = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        main = threading.main_thread()

        def interrupt() -> None:
            assert host.recv(DEADLINE) == b"a"
            for _ in range(3):
                asleep(main)
                os.kill(os.getpid(), signal.SIGUSR1)
            asleep(main)
            host.send(b"b")

        helper = aside(interrupt)
        try:
            plugin.send(b"a")
            assert plugin.recv() == b"b"
        finally:
            helper.result(DEADLINE)
            signal.signal(signal.SIGUSR1, before)
        assert len(seen) == 3


def test_a_raising_handler_drops_the_connection(folder: str, aside: Aside) -> None:
    """How much was written nobody knows: the message never arrives, the next one does."""
    transport = IpcTransport()
    url = f"ipc://{folder}/x"

    class Stop(Exception):
        pass

    def stop(number: int, frame: object) -> None:
        raise Stop

    main = threading.main_thread()

    def interrupt() -> None:
        asleep(main)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with transport.pull(url) as inbox, transport.push(url) as outbox:
            helper = aside(interrupt)
            with pytest.raises(Stop):
                outbox.send(LARGE)
            helper.result(DEADLINE)
            sent = aside(outbox.send, b"next")
            assert inbox.recv(DEADLINE) == b"next"
            sent.result(DEADLINE)
        with transport.rep(url) as host, transport.req(url) as plugin:
            plugin.send(b"a")
            host.recv(DEADLINE)
            helper = aside(interrupt)
            with pytest.raises(Stop):
                host.send(LARGE)
            helper.result(DEADLINE)
            with pytest.raises(ChannelResetError):
                plugin.recv(DEADLINE)
    finally:
        signal.signal(signal.SIGUSR1, before)
