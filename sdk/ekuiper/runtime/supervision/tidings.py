"""What the kernel tells the supervisor: signals, and how its children ended."""

import os

from ...typed import TYPE_CHECKING
from ..signals import signal
from .report import how_it_ended

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Tidings"]


class Tidings:
    """Wakes who polls `descriptor`. For the main thread."""

    def __init__(self) -> None:
        self.descriptor, self._waker = os.pipe()
        self.signals: set[int] = set()
        """Those that came and were not seen to."""
        self._ended: dict[int, str] = {}

    def listen(self) -> None:
        """From now on. Ctrl-C reaches the host as well, which decides; so the worker, in a group of
        its own, never gets it."""
        for fd in (self.descriptor, self._waker):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._waker)
        wanted = [signal.SIGCHLD, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup ignores it, rightly
            wanted.append(signal.SIGHUP)
        for number in wanted:
            signal.signal(number, self._note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def read(self, children: list[int]) -> None:
        """See what came, and how these children ended. Strangers left to us are reaped."""
        try:
            os.read(self.descriptor, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in children:
                self._ended[pid] = how_it_ended(status)

    def end_of(self, pid: int) -> str | None:
        """How this child ended; told once."""
        return self._ended.pop(pid, None)

    def close(self) -> None:
        """Let go of the descriptors."""
        os.close(self.descriptor)
        os.close(self._waker)

    def _note(self, number: int, frame: "FrameType | None") -> None:
        self.signals.add(number)
