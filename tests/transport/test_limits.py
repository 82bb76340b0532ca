"""Large messages, lengths that lie, and no descriptors left."""

from __future__ import annotations

import os
import re
import resource
import socket
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ekuiper.errors import ChannelTimeoutError, TransportError
from ekuiper.transport.ipc import IpcTransport

from .conftest import (
    DEADLINE,
    PUSH,
    REP,
    REQ,
    SOON,
    Aside,
    Pair,
    Raw,
    RawListener,
    eventually,
    make,
)

HUNDRED_MB = 100_000_000


def test_hundred_megabytes(pair: Pair, aside: Aside) -> None:
    """Arrive as they were sent."""
    data = os.urandom(1 << 20) * 96 + b"end"
    assert len(data) > HUNDRED_MB
    with pair.host.pull(pair.url) as inbox, pair.plugin.push(pair.url) as outbox:
        sent = aside(outbox.send, data)
        assert inbox.recv(DEADLINE) == data
        sent.result(DEADLINE)


def test_hundred_megabytes_both_ways(ours: Pair, aside: Aside) -> None:
    """As a request and as a reply."""
    data = os.urandom(1 << 20) * 96 + b"end"
    with ours.host.rep(ours.url) as host, ours.plugin.req(ours.url) as plugin:
        sent = aside(plugin.send, data)
        assert host.recv(DEADLINE) == data
        sent.result(DEADLINE)
        sent = aside(host.send, data)
        assert plugin.recv(DEADLINE) == data
        sent.result(DEADLINE)


def test_a_large_message_costs_its_size_twice(ipc: IpcTransport, folder: str, aside: Aside) -> None:
    """While it is put together; never a multiple of that."""
    url = f"ipc://{folder}/x"
    data = bytes(20_000_000)
    with ipc.pull(url) as inbox, ipc.push(url) as outbox:
        tracemalloc.start()
        try:
            sent = aside(outbox.send, data)
            assert len(inbox.recv(DEADLINE)) == len(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        sent.result(DEADLINE)
    assert peak < 2.5 * len(data)


@pytest.mark.parametrize("length", [1 << 30, 1 << 40, (1 << 63) - 1])
def test_a_lying_length_costs_nothing(ipc: IpcTransport, folder: str, length: int) -> None:
    """Memory grows with what came, on every end that receives."""
    url = f"ipc://{folder}/x"
    lie = b"\1" + struct.pack(">Q", length) + b"\x80\0\0\1" + bytes(1000)
    tracemalloc.start()
    try:
        with ipc.pull(url) as inbox, Raw.dial(url).greet(PUSH) as raw:
            raw.sock.sendall(lie)
            with pytest.raises(ChannelTimeoutError):
                inbox.recv(SOON)
        with ipc.rep(url) as host, Raw.dial(url).greet(REQ) as raw:
            raw.sock.sendall(lie)
            with pytest.raises(ChannelTimeoutError):
                host.recv(SOON)
        with RawListener(url) as listener, ipc.req(url) as plugin, listener.accept(REP) as raw:
            plugin.send(b"a")
            raw.sock.sendall(lie)
            with pytest.raises(ChannelTimeoutError):
                plugin.recv(SOON)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


@contextmanager
def no_descriptors_left() -> Iterator[list[socket.socket]]:
    """Take all descriptors but few, which can be given back one by one."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[socket.socket] = []
    # Not a fixed number: other tests' libraries may hold hundreds already.
    few = max(map(int, os.listdir("/dev/fd"))) + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[0], few), limit[1]))
    try:
        try:
            while True:
                taken.append(socket.socket(socket.AF_UNIX))
        except OSError:
            pass
        yield taken
    finally:
        for sock in taken:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.mark.parametrize("attended", [False, True])
def test_listeners_outlive_a_lack_of_descriptors(
    folder: str, caplog: pytest.LogCaptureFixture, aside: Aside, attended: bool
) -> None:
    """Who wants in waits until there are some again; who is in is served meanwhile."""
    url = f"ipc://{folder}/x"
    transport = IpcTransport(attended=attended)
    with transport.pull(url) as inbox, transport.push(url) as early:
        early.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
        with no_descriptors_left() as taken:
            taken.pop().close()
            with Raw.dial(url).greet(PUSH).message(b"late"):
                with pytest.raises(ChannelTimeoutError):
                    inbox.recv(SOON)
                early.send(b"b")
                assert inbox.recv(DEADLINE) == b"b"
                eventually(lambda: "cannot let peers in: Too many open files" in caplog.text)
                waiting = aside.blocked(inbox.recv)
                taken.pop().close()
                assert waiting.result(DEADLINE) == b"late"
    assert caplog.text.count("cannot let peers in") < 10


def test_closing_while_the_doorman_waits_for_descriptors(folder: str) -> None:
    """Nothing is left behind."""
    url = f"ipc://{folder}/x"
    inbox = IpcTransport(attended=True).pull(url)
    with no_descriptors_left() as taken:
        taken.pop().close()
        with Raw.dial(url):
            inbox.close()
    assert os.listdir(folder) == []


@contextmanager
def elsewhere(url: str) -> Iterator[None]:
    """A REP in another process."""
    code = f"""
from ekuiper.transport.ipc import IpcTransport
with IpcTransport().rep({url!r}) as host:
    print(flush=True)
    host.recv()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            yield
        finally:
            process.kill()
    os.unlink(url.removeprefix("ipc://"))


@pytest.mark.parametrize("name", ["ipc", "nng"])
def test_opening_without_descriptors(folder: str, name: str) -> None:
    """The system's reason is given, however many are missing, and nothing is left behind."""
    url = f"ipc://{folder}/x"
    transport = make(name)
    failures = []
    with elsewhere(url), no_descriptors_left() as taken:
        while True:
            try:
                with transport.req(url) as plugin:
                    plugin.watch()
                    plugin.unwatch()
                with transport.pull(f"{url}2"):
                    break
            except TransportError as error:
                failures.append(str(error))
            assert taken, failures
            taken.pop().close()
    reasons = re.compile("Too many open files|Out of files|Out of memory")
    assert len(failures) > 5
    assert all(map(reasons.search, failures))
    assert os.listdir(folder) == []
