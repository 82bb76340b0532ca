"""Whether the host lives."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ekuiper.runtime import hostwatch
from ekuiper.runtime.hostwatch import HostWatch
from ekuiper.transport import Peer
from ekuiper.transport.memory import MemoryTransport


@pytest.fixture
def sleeper():
    """A process that lives until it is told."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture(params=["pidfd", "polling"])
def kernel(request, monkeypatch):
    """With pidfds, and where the system has none."""
    if request.param == "polling":
        monkeypatch.setattr(hostwatch, "_open_pidfds", lambda pids: None)
        monkeypatch.setattr(hostwatch, "POLL_INTERVAL", 0.01)


def end(process):
    process.kill()
    process.wait(10)


def test_an_end_is_noticed(kernel, sleeper):
    """alive turns False, and a wait for the channel ends."""
    transport = MemoryTransport()
    with transport.rep("ipc:///m/x.ipc"), transport.req("ipc:///m/x.ipc") as exchange:
        exchange.send(b"handshake")
        watch = HostWatch(Peer(sleeper.pid, os.geteuid()))
        assert watch.alive()
        end(sleeper)
        assert watch.wait(exchange) is False
        assert not watch.alive()
        watch.close()


def test_a_message_ends_the_wait_too(kernel):
    """Whichever comes first."""
    transport = MemoryTransport()
    with transport.rep("ipc:///m/x.ipc") as host, transport.req("ipc:///m/x.ipc") as exchange:
        exchange.send(b"handshake")
        host.recv(5.0)
        host.send(b"command")
        watch = HostWatch(None)

        assert watch.wait(exchange) is True
        watch.close()


def test_a_host_that_is_gone_already(sleeper):
    """Its pid names nobody: not alive."""
    end(sleeper)

    assert not HostWatch(Peer(sleeper.pid, os.geteuid())).alive()


def test_the_parent_stands_for_an_unknown_host():
    """nng does not tell who is at the other end."""
    watch = HostWatch(None)

    assert watch.host == os.getppid()
    assert watch.started_us
    assert watch.alive()
    watch.close()


def test_this_process_is_never_watched():
    """A host within a test is no other process."""
    watch = HostWatch(Peer(os.getpid(), os.geteuid()))

    assert watch.alive()
    assert not watch.started_us
    watch.close()


def test_somebody_elses_process_counts_as_living():
    """Process 1 may not be signalled by everyone; it is there all the same."""
    assert hostwatch._exists(1)


def test_without_proc_only_the_parent_is_known(monkeypatch):
    """Other systems: the chain of ancestors ends after the first."""
    monkeypatch.setattr("builtins.open", lambda *a, **k: (_ for _ in ()).throw(OSError()))

    assert hostwatch.ancestors() == [os.getppid()]
