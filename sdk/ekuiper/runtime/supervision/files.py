"""Which files a worker has read its code from."""

import os
import sys
from types import TracebackType

from ..asmain import LAUNCHER
from ..author import PACKAGE, is_library

__all__ = ["author_files", "files_of"]


def author_files() -> list[str]:
    """The script and the modules that it imported, but for the standard library, what was
    installed, and this package.

    Those that were there before are not even looked at: a forked worker would have half a megabyte
    of them copied.
    """
    found: dict[str, None] = {}
    # At once, since other threads may import, too.
    for name in list(iter(reversed(sys.modules).__next__, LAUNCHER)):
        path = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(path, str) and not path.startswith(PACKAGE) and not is_library(path):
            found[os.path.abspath(path)] = None
    return list(found)


def files_of(error: BaseException) -> list[str]:
    """Those that an import failed in: they are no modules."""
    found: dict[str, None] = {}
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        found[trace.tb_frame.f_code.co_filename] = None
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        found[error.filename] = None
    return [
        os.path.abspath(path)
        for path in found
        if os.path.exists(path) and not path.startswith(PACKAGE) and not is_library(path)
    ]
