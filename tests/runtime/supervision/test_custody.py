"""What the supervisor keeps of sinks with acks, and how it lets go of that."""

from __future__ import annotations

import os
import socket

import pytest

from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta
from ekuiper.runtime.supervision.custody import Custody, name_of

PLACE = Meta("r", "o", 0)
STOP = encode_command(Command("stop", "sink", "k", PLACE, None, {}))

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="counts descriptors in /proc"
)


@pytest.fixture
def kept(tmp_path):
    """The path of a listener that is kept, with what a ledger has: a file and a pipe."""
    path = tmp_path / "listener"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        custody = Custody()
        before = os.listdir("/proc/self/fd")
        file = os.open(os.devnull, os.O_RDONLY)
        fds = [file, *os.pipe(), os.dup(listener.fileno())]
        custody.keep(name_of(("sink", "k", *PLACE)), fds)
        yield custody, path
        assert os.listdir("/proc/self/fd") == before


def test_stopped_without_a_worker(kept):
    """Nobody else can remove the file; nothing stays open."""
    custody, path = kept
    custody.commanded(STOP, worker=False)
    assert not path.exists()


def test_stopped_with_a_worker(kept):
    """It removes the file itself."""
    custody, path = kept
    custody.commanded(STOP, worker=True)
    assert path.exists()


def test_at_the_end(kept):
    """Files and descriptors go."""
    custody, path = kept
    custody.close()
    assert not path.exists()
