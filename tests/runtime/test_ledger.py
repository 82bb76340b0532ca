"""What a sink owes is known exactly, at whatever moment its worker dies."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import sys

import pytest

from ekuiper.runtime.ledger import DESCRIPTORS, Ledger

from .conftest import file_of, leading_to

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a ledger is for supervised plugins, on Linux"
)

ACK = b"\x01\x00\x00\x00\x00\x00\x00\x00\x02{}"


class Died(BaseException):
    """Instead of a death."""


@pytest.fixture
def ledger():
    ledger = Ledger()
    yield ledger
    ledger.close()


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def next_of(ledger: Ledger) -> Ledger:
    """That of the next worker."""
    assert len(ledger.descriptors) == DESCRIPTORS
    return Ledger([os.dup(fd) for fd in ledger.descriptors])


def owed_after_death(ledger: Ledger) -> tuple[int, bytes]:
    following = next_of(ledger)
    try:
        return following.take_over()
    finally:
        following.close()


def test_closed_it_holds_nothing():
    """Neither its descriptors nor the one that goes with its memory; whoever still notes something
    there does no harm."""
    ledger = Ledger()
    files = {file_of(fd) for fd in ledger.descriptors}
    assert len(leading_to(files)) == 4
    ledger.begin()
    ledger.close()
    assert leading_to(files) == []
    ledger.end(1, whole=True)
    with pytest.raises(OSError, match="closed"):
        ledger.pay(0, ACK)
    ledger.close()


def test_a_row_that_was_begun_is_owed(ledger):
    """Nobody knows how much of it was taken; what remains in the socket is doubtful."""
    ledger.begin()
    following = next_of(ledger)

    assert following.doubtful
    assert following.take_over() == (1, b"")
    assert not following.doubtful
    following.close()


def test_rows_that_were_taken_are_owed(ledger):
    """As many as came at once, and one more of which a part came."""
    ledger.begin()
    ledger.end(3, whole=False)

    assert ledger.owed == 3
    assert owed_after_death(ledger) == (4, b"")


def test_nothing_is_owed_for_nothing(ledger):
    """What was to be read was no row, but the end of the connection."""
    ledger.end(0, whole=True)

    assert owed_after_death(ledger) == (0, b"")


def test_an_ack_that_left_is_owed_no_more(ledger, ends):
    """It arrives as it is, and once."""
    ledger.end(2, whole=True)
    ledger.pay(ends[0].fileno(), ACK)

    assert ends[1].recv(100) == ACK
    assert owed_after_death(ledger) == (1, b"")


def test_a_death_before_it_left(ledger, ends, monkeypatch):
    """It was decided: the next worker lets that ack go."""

    def dies(*args):
        raise Died

    ledger.end(1, whole=True)
    monkeypatch.setattr(os, "splice", dies)
    with pytest.raises(Died):
        ledger.pay(ends[0].fileno(), ACK)

    assert owed_after_death(ledger) == (1, ACK)


def test_a_death_after_it_left(ledger, ends, monkeypatch):
    """One more would be taken for that of the next row."""
    splice = os.splice

    def dies(*args):
        splice(*args)
        raise Died

    ledger.end(1, whole=True)
    monkeypatch.setattr(os, "splice", dies)
    with pytest.raises(Died):
        ledger.pay(ends[0].fileno(), ACK)

    assert ends[1].recv(100) == ACK
    assert owed_after_death(ledger) == (0, b"")


def test_a_lost_connection_takes_nothing(ledger, ends):
    """The same ack goes on another one."""
    ledger.end(1, whole=True)
    lost, gone = socket.socketpair()
    gone.close()
    with lost, pytest.raises(BrokenPipeError):
        ledger.pay(lost.fileno(), ACK)
    assert ledger.owed == 1
    ledger.pay(ends[0].fileno(), ACK)

    assert ends[1].recv(100) == ACK
    assert owed_after_death(ledger) == (0, b"")


def test_a_long_one_and_a_kernel_that_cannot(ledger, ends, monkeypatch):
    """They go straight into the socket."""

    def cannot(*args):
        raise OSError(errno.EINVAL, "")

    ledger.end(3, whole=True)
    ledger.pay(ends[0].fileno(), b"e" * 10_000)
    monkeypatch.setattr(os, "splice", cannot)
    ledger.pay(ends[0].fileno(), ACK)
    ledger.pay(ends[0].fileno(), ACK)

    assert ends[1].recv(20_000) == b"e" * 10_000 + ACK * 2
    assert owed_after_death(ledger) == (0, b"")


def test_killed_at_any_moment(ends):
    """Each row that was taken is acknowledged or owed, never both: worker after worker, each killed
    wherever it is."""
    host, sock = ends
    ear, mouth = os.pipe()
    os.set_blocking(ear, False)
    ledger = Ledger()
    for number in range(60):
        os.write(mouth, b"r" * (number % 7 + 3))
        pid = os.fork()
        if pid == 0:
            work(ledger, sock.fileno(), ear)
        acks = sum(len(host.recv(len(ACK), socket.MSG_WAITALL)) for _ in range(number % 7))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        following = next_of(ledger)
        doubtful = following.doubtful
        owed, frame = following.take_over()
        for _ in range(owed):
            following.pay(sock.fileno(), frame or ACK)
        ledger.close()
        ledger = following
        taken = number % 7 + 3 - left_in(ear)
        sock.send(b"end")
        acks += len(host.recv(10_000)) - len(b"end")

        # What was only about to be taken may be in its socket still, which is closed then.
        assert acks / len(ACK) in ((taken, taken + 1) if doubtful else (taken,))
    ledger.close()
    os.close(ear)
    os.close(mouth)


def left_in(pipe: int) -> int:
    try:
        return len(os.read(pipe, 100))
    except BlockingIOError:
        return 0


def work(ledger: Ledger, sock: int, rows: int) -> None:
    """As a sink does, in a process of its own."""
    try:
        while select.select([rows], [], []):
            ledger.begin()
            ledger.end(len(os.read(rows, 1)), whole=True)
            ledger.pay(sock, ACK)
    finally:
        os._exit(1)
