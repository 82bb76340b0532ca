"""Being told to end by other means than Ctrl-C."""

import signal
from types import FrameType

__all__ = ["as_ctrl_c"]

_SIGNALS = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP


def as_ctrl_c() -> None:
    """From now on what a job's end or a closed terminal sends is a `KeyboardInterrupt`, so that
    what has begun is put in order. On the main thread."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
