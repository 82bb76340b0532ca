"""What the supervisor keeps of sinks, and how it lets go of that."""

from __future__ import annotations

import os
import socket

import pytest
from tests.runtime.conftest import file_of, leading_to

from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta
from ekuiper.runtime.supervision.custody import Custody, name_of
from ekuiper.runtime.supervision.orders import Order

PLACE = Meta("r", "o", 0)
START, STOP = (
    encode_command(Command(verb, "sink", "k", PLACE, None, {})) for verb in ("start", "stop")
)

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="looks at descriptors in /proc"
)


@pytest.fixture
def listener(tmp_path, monkeypatch):
    """Where the sink listens, in this process instead of a worker."""
    monkeypatch.setenv("EKUIPER_SOCKET_DIR", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(Addresses(str(tmp_path)).data(PLACE).removeprefix("ipc://"))
        listener.listen()
        yield listener


@pytest.fixture
def path(tmp_path):
    return tmp_path / "r_o_0.ipc"


@pytest.fixture
def custody(listener, tmp_path):
    """It has what a sink with acks has: its listener, and a file and a pipe of the ledger."""
    custody = Custody()
    file = os.open(tmp_path / "memory", os.O_CREAT)
    fds = [file, *os.pipe(), os.dup(listener.fileno())]
    files = {file_of(fd) for fd in fds}
    custody.keep(name_of(("sink", "k", *PLACE)), fds)
    yield custody
    assert leading_to(files) == [listener.fileno()] * (listener.fileno() >= 0)


def test_stopped_without_a_worker(custody, listener, path):
    """Nobody else removes the file."""
    listener.close()
    custody.commanded(STOP)
    assert path.exists()
    custody.answered(alone=True)
    assert not path.exists()


def test_stopped_while_a_worker_was_just_forked(custody, path):
    """It has copies, and has not run yet: here the listener, which is not closed."""
    custody.commanded(STOP)
    custody.answered(alone=True)
    assert not path.exists()


def test_stopped_where_another_listens(custody, path):
    """The file is his."""
    path.unlink()
    with socket.socket(socket.AF_UNIX) as another:
        another.bind(str(path))
        another.listen()
        custody.commanded(STOP)
        custody.answered(alone=True)
        assert path.exists()


def test_started_without_a_worker(custody, listener, path):
    """The next worker will listen there."""
    listener.close()
    custody.commanded(START)
    custody.answered(alone=False)
    assert path.exists()


def test_stopped_with_a_worker(custody, path):
    """What somebody listens at is his."""
    custody.commanded(STOP)
    custody.answered(alone=False)
    assert path.exists()


def test_at_the_end(custody, listener, path):
    """Files and descriptors go, also those of sinks without acks."""
    listener.close()
    custody.close([Order(START)])
    assert not path.exists()


def test_another_file(path, tmp_path, monkeypatch):
    """It is left alone."""
    monkeypatch.setenv("EKUIPER_SOCKET_DIR", str(tmp_path))
    path.write_text("not a socket")
    custody = Custody()
    custody.commanded(STOP)
    custody.answered(alone=False)
    assert path.exists()
