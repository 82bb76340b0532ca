"""Whether the host that started this process still lives."""

import os
import select

from ..transport import Exchange, Peer

__all__ = ["HostWatch", "ancestors"]

POLL_INTERVAL = 1.0
"""Seconds between looks at the watched processes where the kernel does not tell of their end."""


class HostWatch:
    """Watches the host, and every wrapper between it and this process (`conda run` puts in two).

    The host is the process at the other end of the control channel; where the system does not tell
    its pid, the parent stands for it. A wrapper counts because the host kills it in our stead.
    """

    def __init__(self, peer: Peer | None) -> None:
        self._parent = os.getppid()
        self.host = peer.pid if peer is not None and peer.pid > 0 else self._parent
        above = ancestors()
        self.started_us = self.host in above
        """Whether the host is an ancestor of this process, not just somebody who listens."""
        watched = [self.host]
        if self.started_us:
            watched += above[: above.index(self.host)]
        self._pids = [pid for pid in watched if pid != os.getpid()]
        self._pidfds = _open_pidfds(self._pids)

    @property
    def descriptors(self) -> list[int] | None:
        """Readable when a watched process has ended; None where the kernel has no such thing."""
        return self._pidfds

    def alive(self) -> bool:
        """False as soon as one of the watched processes has ended."""
        if self._pidfds is None:
            return os.getppid() == self._parent and all(_exists(pid) for pid in self._pids)
        poll = select.poll()
        for fd in self._pidfds:
            poll.register(fd, select.POLLIN)
        return not poll.poll(0)

    def wait(self, channel: Exchange) -> bool:
        """Wait until `channel.recv` would not block (True) or a watched process ended (False)."""
        poll = select.poll()
        poll.register(channel.watch(), select.POLLIN)
        try:
            for fd in self._pidfds or ():
                poll.register(fd, select.POLLIN)
            interval = None if self._pidfds is not None else POLL_INTERVAL * 1000
            while not channel.ready():
                poll.poll(interval)
                if not self.alive():
                    return channel.ready()
            return True
        finally:
            channel.unwatch()

    def close(self) -> None:
        for fd in self._pidfds or ():
            os.close(fd)
        self._pidfds = []


def _open_pidfds(pids: list[int]) -> list[int] | None:
    """A pidfd for each, or None where the kernel or the platform has none."""
    opened: list[int] = []
    try:
        for pid in pids:
            opened.append(os.pidfd_open(pid))
    except (AttributeError, OSError):
        for fd in opened:
            os.close(fd)
        return None
    return opened


def ancestors() -> list[int]:
    """The pids above this process, the parent first; without /proc, the parent alone."""
    found = []
    pid = os.getppid()
    while pid > 0:
        found.append(pid)
        pid = _parent_of(pid)
    return found


def _parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
