"""What every worker needs, loaded once by the supervisor that forks them.

A worker is ready in half the time then, while rows wait for it. It costs memory: of what both have
after a fork less is shared than one would think, as Python writes into all that it uses.
"""

import sys

from ..asmain import begins_with_folder

__all__ = ["preload"]


def preload() -> None:
    """Load what runs symbols, and orjson if it may be used; nothing from the script's folder, so
    no author code. What cannot be loaded is left to the worker, which tells why."""
    path = sys.path[:]
    if begins_with_folder():
        del sys.path[0]
    try:
        _load()
    except Exception:  # of orjson, or of whatever lies in the place of a module
        pass
    finally:
        sys.path[:] = path


def _load() -> None:
    from ...protocol import engine
    from ...transport import ipc
    from .. import process
    from . import script

    del ipc, process, script
    engine.preload()
