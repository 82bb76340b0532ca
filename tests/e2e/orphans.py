"""Waiting for processes whose parent was killed."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["adopting_orphans"]

_PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Within, descendants of this process that lose their parent become its children, so that
    `os.waitpid` tells how they ended. Linux only."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
