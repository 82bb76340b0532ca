"""New code for the plugin while it runs: saved, and asked for as a user does."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ekuiper.errors import EkuiperError
from ekuiper.runtime.supervision.asking import reload, supervisors

from ..e2e.renewal import save
from .evidence import Done
from .plan import Step

__all__ = ["Reloading"]

_ANSWERED = 20.0  # seconds
_LOOK = 0.02


class Reloading:
    """Saves the script as one version after the other. Each reload is asked for on a thread of its
    own, so that other faults may come meanwhile, one after the other; it is told in `done`."""

    def __init__(self, script: Path, directory: str, plugin: str, done: list[Done]) -> None:
        self._script = script
        self._directory = directory
        self._plugin = plugin
        self._done = done
        self._version = 0
        self._turn = threading.Lock()
        self._threads: list[threading.Thread] = []

    def begin(self, step: Step) -> None:
        """Begin what this step says, and return."""
        what = self._renew if step.what == "reload" else self._spoil
        thread = threading.Thread(target=what, args=(step,), name=step.what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self) -> None:
        """Wait until all of them are over: the script is good then."""
        while self._threads:
            self._threads.pop().join()

    def _renew(self, step: Step) -> None:
        with self._turn:
            self._version += 1
            save(self._script, self._version)
            began = time.monotonic()
            self._noted(step, began, f"{self._version} {self._asked(step.target)}")

    def _spoil(self, step: Step) -> None:
        with self._turn:
            began = time.monotonic()
            save(self._script, self._version, broken=True)
            try:
                outcome = self._asked(step.target)
            finally:
                save(self._script, self._version)
            self._noted(step, began, f"{self._version} {outcome}")

    def _noted(self, step: Step, began: float, detail: str) -> None:
        self._done.append(Done(step.what, step.target, began, time.monotonic(), detail))

    def _asked(self, how: str) -> str:
        """Ask for a reload and wait for what becomes of it: "ok", or why not."""
        try:
            found = self._supervisor()
            if found is None:
                return "nobody is there"
            ask = self._by_socket if how == "socket" else self._by_signal
            answer = ask(*found)
        except (OSError, EkuiperError) as error:
            return f"nobody answers: {error}"
        return "ok" if answer["error"] is None else f"error: {answer['error']}"

    def _supervisor(self) -> tuple[str, dict[str, Any]] | None:
        """Its socket, and how it is."""
        for path, status in supervisors(self._directory):
            if status["plugin"] == self._plugin:
                return path, status
        return None

    def _by_socket(self, path: str, status: dict[str, Any]) -> dict[str, Any]:
        return reload(path, _ANSWERED)

    def _by_signal(self, path: str, status: dict[str, Any]) -> dict[str, Any]:
        """Its answer is in the status."""
        before: dict[str, Any] = status["reload"]
        os.kill(status["pid"], signal.SIGHUP)
        found: list[dict[str, Any]] = []

        def over() -> bool:
            now = self._supervisor()
            if now is None or now[0] != path:
                raise ProcessLookupError("it has ended")
            found.append(now[1].get("reload") or {})
            return found[-1] not in (before or {}, {})

        if not _until(over, _ANSWERED):
            raise TimeoutError(f"nothing in {_ANSWERED:g} s")
        return found[-1]


def _until(condition: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(_LOOK)
    return True
