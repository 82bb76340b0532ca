"""Which files of a project were saved."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

__all__ = ["Changes", "is_code"]

_ENDINGS = (".py", ".json", ".jsonl", ".sql", ".yaml", ".yml")
_NAMES = ("pyproject.toml",)
_LOOK = 100  # milliseconds between two looks whether to end
_END = 2.0


def is_code(name: str) -> bool:
    """Whether rules and pipelines may run on while the plugin starts again with it."""
    return name.endswith(".py")


class Changes:
    """Follows a folder on a thread of its own; what is not part of a project is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._lock = threading.Lock()
        self._found: dict[str, None] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="ekuiper-watch", daemon=True)

    @contextmanager
    def following(self) -> Iterator["Changes"]:
        """Lasts while it follows."""
        self._thread.start()
        try:
            yield self
        finally:
            self._end.set()
            self._thread.join(_END)

    def take(self) -> list[str]:
        """The files saved since the last call, relative to the folder."""
        with self._lock:
            found, self._found = self._found, {}
        return list(found)

    def _follow(self) -> None:
        for changes in watch(
            self._folder,
            watch_filter=_Filter(self._folder),
            stop_event=self._end,
            rust_timeout=_LOOK,
            step=50,
            debounce=400,
            raise_interrupt=False,
        ):
            with self._lock:
                for _, path in sorted(changes, key=lambda change: change[1]):
                    self._found[os.path.relpath(path, self._folder)] = None


class _Filter(DefaultFilter):
    """Editors' files, caches, environments and hidden folders are no part of a project."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __call__(self, change: Change, path: str) -> bool:
        name = os.path.relpath(path, self._folder)
        parts = name.split(os.sep)
        if any(part.startswith(".") or part == "venv" for part in parts):
            return False
        fits = parts[-1].endswith(_ENDINGS) or parts[-1] in _NAMES
        return fits and all(part not in self._ignore_dirs for part in parts)
