"""A listener that takes messages only up to a length, as eKuiper 1.x does."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator

import pytest

from ekuiper.errors import ChannelResetError, ChannelTimeoutError
from ekuiper.transport.ipc import IpcTransport

LONGEST = 1000
ID = 4  # bytes of a request's id, which count


@pytest.fixture
def url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield f"ipc://{directory}/limited.ipc"


def test_rep_cuts_off_a_longer_request(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A request of the allowed length arrives; one byte more cuts that connection only."""
    transport = IpcTransport(LONGEST)
    with transport.rep(url) as host, transport.req(url) as plugin, transport.req(url) as other:
        plugin.send(b"x" * (LONGEST - ID))
        assert len(host.recv(10)) == LONGEST - ID
        plugin.send(b"x" * (LONGEST - ID + 1))
        with caplog.at_level(logging.WARNING), pytest.raises(ChannelTimeoutError):
            host.recv(0.05)
        assert "a message of 1001 bytes where 1000 are allowed" in caplog.text
        with pytest.raises(ChannelResetError):
            plugin.recv(10)
        other.send(b"unharmed")
        assert host.recv(10) == b"unharmed"


def test_pull_cuts_off_a_longer_message(url: str) -> None:
    """The messages before a longer one arrive, and so do those of the next connection."""
    transport = IpcTransport(LONGEST)
    with transport.pull(url) as host, transport.push(url) as plugin:
        plugin.send(b"before")
        plugin.send(b"x" * (LONGEST + 1))
        assert host.recv(10) == b"before"
        with pytest.raises(ChannelTimeoutError):
            host.recv(0.05)
        with transport.push(url) as again:
            again.send(b"x" * LONGEST)
            assert len(host.recv(10)) == LONGEST
