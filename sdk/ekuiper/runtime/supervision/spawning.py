"""Starting a worker: by a fork while that is safe, else as a fresh interpreter.

A worker leads a process group of its own, which is killed as a whole, so that no grandchild keeps
a dead worker's sockets open. The kernel kills it when the supervisor dies, by the lifeline: a pipe
whose write end only the supervisor holds, and whose read end sends SIGKILL to the group when that
is closed (`fcntl` F_SETSIG; PR_SET_PDEATHSIG would need ctypes, three milliseconds).
"""

import _socket as socket
import fcntl
import os
import select
import sys

from ...typed import NamedTuple
from ..signals import signal
from .link import Link, inherited
from .marks import Marks

__all__ = ["Interpreter", "Spawned", "adopt", "hold_to_lifeline", "single_threaded", "spawn"]


class Spawned(NamedTuple):
    """A worker as the supervisor sees it."""

    pid: int
    link: Link
    lifeline: int
    pidfd: int

    def kill(self) -> None:
        """Kill it with all its descendants that stayed in the group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self) -> None:
        """Let go of what is left of a dead worker."""
        self.link.close()
        os.close(self.lifeline)
        if self.pidfd >= 0:
            os.close(self.pidfd)


class Interpreter(NamedTuple):
    """A command line of Python, to be completed by `--worker LINK LIFELINE MARKS` in the middle."""

    before: list[str]
    after: list[str]

    def uncached(self) -> "Interpreter":
        """The same, but it leaves no compiled modules behind."""
        return Interpreter([self.before[0], "-B", *self.before[1:]], self.after)


def spawn(interpreter: Interpreter | None, marks: Marks | None) -> Spawned | Link:
    """Start a worker, as a fresh interpreter that inherits `marks` or, without one, by a fork.

    A fork returns twice: in the worker, its end of the link.
    """
    ours, theirs = socket.socketpair()
    ears, mouth = os.pipe()
    if interpreter is not None:
        pid = _start(interpreter, theirs.fileno(), ears, marks.fd if marks is not None else -1)
    else:
        sys.stdout.flush()
        pid = os.fork()
    if pid == 0:
        ours.close()
        os.close(mouth)
        return _settle(theirs, ears)
    try:
        os.setpgid(pid, pid)  # by both, so that it is done whoever comes first
    except OSError:
        pass
    theirs.close()
    os.close(ears)
    if marks is not None:
        os.set_inheritable(marks.fd, False)
    return Spawned(pid, Link(ours), mouth, _pidfd(pid))


def single_threaded() -> bool:
    """Whether a fork is safe: site-packages may have started a thread in this process, too."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def hold_to_lifeline(ears: int) -> None:
    """Die with the supervisor; in the worker, or what will become it."""
    fcntl.fcntl(ears, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(ears, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(ears, fcntl.F_GETFL)
    fcntl.fcntl(ears, fcntl.F_SETFL, flags | os.O_ASYNC)
    poll = select.poll()
    poll.register(ears, select.POLLIN)
    if poll.poll(0):  # it died before we listened
        os._exit(1)


def _settle(theirs: socket.socket, ears: int) -> Link:
    """Be a process as a shell would start it, but for the group."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.setpgid(0, 0)
    hold_to_lifeline(ears)
    return Link(theirs)


def _start(interpreter: Interpreter, *fds: int) -> int:
    for fd in fds:
        if fd >= 0:
            os.set_inheritable(fd, True)
    return os.posix_spawn(
        interpreter.before[0],
        [*interpreter.before, "--worker", *map(str, fds), *interpreter.after],
        os.environ,
        setpgroup=0,
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGCHLD],
    )


def adopt(link: int, lifeline: int, marks: int) -> tuple[Link, Marks | None]:
    """What a worker that was started as a fresh interpreter inherits; in that."""
    os.set_inheritable(lifeline, False)
    hold_to_lifeline(lifeline)
    if marks < 0:
        return inherited(link), None
    os.set_inheritable(marks, False)
    return inherited(link), Marks(marks)


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
