"""`signal` without its enums, which take 4 ms and 0.4 MB: for a supervisor."""

from ..typed import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
