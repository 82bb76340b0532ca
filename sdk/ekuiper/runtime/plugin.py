"""`plugin.start`, the one call of a plugin's script."""

import os
import sys

from ..config import PluginConfig
from ..errors import ConfigError

__all__ = ["PluginConfig", "start"]


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None  # it was removed


_STARTED_IN = _directory()


def start(c: PluginConfig) -> None:
    """Serve the plugin `c` until eKuiper ends it; never returns to the caller.

    Call it at the end of the script, on the main thread, under `if __name__ == "__main__"`. Ends
    the process with status 0 after SIGTERM, 1 when the host is gone or could not be reached, and 2
    when the script was started by hand while no eKuiper listens for it (it then prints what it is
    and how to run it). Sets up logging unless the script did, at level INFO or `EKUIPER_LOG`.

    When a host started the script, this process is replaced by a supervisor, and a worker runs the
    script again: see docs/processes.md.

    In a child that `multiprocessing` started, or that a plugin forked, it returns at once.
    Raises `ConfigError` when `c` (so named in the official package) is not a `PluginConfig`.
    """
    if not isinstance(c, PluginConfig):
        raise ConfigError("plugin.start", f"takes a PluginConfig, not {type(c).__name__} {c!r}")
    if _is_multiprocessing_child() or _is_forked_child():
        return
    from .process import run

    _end(run(c, _STARTED_IN))


def _is_multiprocessing_child() -> bool:
    # A spawned child runs the script again under this name to find what it shall call.
    # (in the parent the name is an alias of `__main__`).
    return getattr(sys.modules.get("__mp_main__"), "__name__", "") == "__mp_main__"


def _is_forked_child() -> bool:
    worker = sys.modules.get(f"{__package__}.supervision.worker")
    found = worker.seat() if worker is not None else None
    return found is not None and found.pid != os.getpid()


def _end(status: int) -> None:
    import threading  # not beside the imports: a supervisor has this module, too

    if threading.current_thread() is threading.main_thread():
        sys.exit(status)
    # Elsewhere sys.exit ends that thread only, and a failed plugin would look healthy.
    sys.stdout.flush()
    os._exit(status)
