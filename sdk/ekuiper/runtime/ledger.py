"""What a sink owes its host, where the next worker finds it.

The host waits without a limit for the ack of each row, pairs acks and rows by their order alone,
and never asks: one ack too few stops the sink for good, one too many shifts all later ones. So it
has to be known exactly, at whatever moment the worker dies, which rows were taken and which acks
have left. The rows are counted in shared memory; that something is being taken is noted before it
is. An ack is written into a pipe first, and let from there into its socket by one system call
(`splice`): what is still in the pipe has not left.
"""

import errno
import mmap
import os
import select
import threading
from collections.abc import Sequence

__all__ = ["DESCRIPTORS", "Ledger"]

DESCRIPTORS = 3
"""By which a ledger is passed on."""

_READING, _PAYING, _ROW = 1, 2, 4  # the word: two bits, and the rows that are owed
_WORD = 4  # bytes of it
_ROOM = 4096  # a pipe has room for as much at any time


class Ledger:
    """Rows that were taken and not acknowledged; new, or that of a worker before.

    `descriptors` are its memory, and the ends of its pipe.
    """

    def __init__(self, descriptors: Sequence[int] = ()) -> None:
        if not descriptors:
            memory = os.memfd_create("ekuiper")
            os.ftruncate(memory, mmap.PAGESIZE)
            descriptors = (memory, *os.pipe())
        self.descriptors = list(descriptors)
        memory, self._out, self._into = self.descriptors
        self._memory = mmap.mmap(memory, mmap.PAGESIZE)
        self._word = memoryview(self._memory).cast("I")
        self._lock = threading.Lock()
        self._splices = hasattr(os, "splice")

    @property
    def owed(self) -> int:
        """Rows whose ack has not left."""
        return self._word[0] // _ROW

    def begin(self) -> None:
        """Something of a row is about to be taken."""
        with self._lock:
            self._word[0] |= _READING

    def end(self, rows: int, *, whole: bool) -> None:
        """So many were; and, unless `whole`, part of one more."""
        with self._lock:
            word = self._word[0] + rows * _ROW
            self._word[0] = word & ~_READING if whole else word | _READING

    def pay(self, sock: int, frame: bytes) -> None:
        """Let the ack of one row go. Raises `OSError` when the connection is lost: it did not."""
        with self._lock:
            if not self.descriptors:
                raise OSError(errno.EBADF, "closed")
            if len(frame) <= _ROOM and self._splices:
                self._splice(sock, frame)
            else:
                self._word[0] |= _PAYING  # nobody can tell when exactly it leaves
                self._write(sock, frame)
            self._word[0] = max(self._word[0] - _ROW, 0) & ~_PAYING

    def _splice(self, sock: int, frame: bytes) -> None:
        os.write(self._into, frame)
        self._word[0] |= _PAYING
        left = len(frame)
        try:
            while left:
                left -= os.splice(self._out, sock, left)
        except OSError as error:
            self._word[0] &= ~_PAYING
            rest = os.read(self._out, left)
            if error.errno != errno.EINVAL or len(rest) < len(frame):
                raise
            self._splices = False  # a kernel that cannot do it
            self._word[0] |= _PAYING
            self._write(sock, frame)

    def _write(self, sock: int, frame: bytes) -> None:
        try:
            while frame:
                frame = frame[os.write(sock, frame) :]
        except OSError:
            self._word[0] &= ~_PAYING
            raise

    @property
    def doubtful(self) -> bool:
        """Whether the worker before died while it took a row: what is left in its connections is
        not whole."""
        return bool(self._word[0] & _READING)

    def take_over(self) -> tuple[int, bytes]:
        """Of the worker before: how many acks are owed, and the frame of the first if it was about
        to leave. What it had begun to take is owed as well: it cannot be had again."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        waiting = bool(poll.poll(0))
        word = self._word[0]
        owed = word // _ROW + bool(word & _READING)
        if word & _PAYING and not waiting:
            owed -= 1  # it has left
        self._word[0] = owed * _ROW
        return owed, os.read(self._out, _ROOM) if waiting else b""

    def close(self) -> None:
        """Let go of the descriptors; what is still noted then is for nobody."""
        with self._lock:
            for fd in self.descriptors:
                os.close(fd)
            self.descriptors.clear()
            self._word.release()
            self._word = memoryview(bytearray(_WORD)).cast("I")
            self._memory.close()  # it has a descriptor of its own
