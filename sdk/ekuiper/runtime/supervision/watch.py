"""Whether a file that a worker has read was saved since."""

import os

__all__ = ["EVERY", "Watch"]

EVERY = 1.0
"""Seconds from one look to the next."""

MOST = 2000
"""Files that are looked at."""

_Stamp = tuple[int, int] | None


class Watch:
    """Looks at files now and then, while `on`; for the supervisor's thread."""

    def __init__(self) -> None:
        self._stamps: dict[str, _Stamp] = {}
        self._due: float | None = None

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do."""
        return self._due

    def read(self, files: list[str], since: float) -> None:
        """A worker has read these; it began at `since`, in seconds since 1970."""
        stamps: dict[str, _Stamp] = {}
        for path in files[:MOST]:
            stamp = _stamp(path)
            late = stamp is not None and stamp[0] > since * 1e9
            stamps[path] = None if late else stamp  # saved meanwhile: perhaps it read the old one
        self._stamps = {**self._stamps, **stamps} if self._stamps else stamps

    def forget(self) -> None:
        """What was read until now is read no more."""
        self._stamps = {}

    def turn(self, now: float, *, on: bool) -> None:
        """Look from now on, or no more."""
        if not on or not self._stamps:
            self._due = None
        elif self._due is None:
            self._due = now + EVERY

    def look(self, now: float) -> str | None:
        """The name of a file that was saved since the last look."""
        if self._due is None or now < self._due:
            return None
        self._due = now + EVERY
        saved = None
        for path, stamp in self._stamps.items():
            if (found := _stamp(path)) != stamp:
                self._stamps[path] = found
                saved = saved or os.path.basename(path)
        return saved


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
