"""The plugin's process, spawned, watched and killed the way kuiperd does it."""

import os
import subprocess
import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from ...bundle.manifest import Manifest
from ...errors import HostError
from .settings import Settings

__all__ = ["Launcher", "PluginProcess", "command_line"]

_PORTABLE_CONFIG = '{"sendTimeout":1000}'  # the same constant in every version of eKuiper
_KILL_DEADLINE = 10.0
_TAIL_BYTES = 64 * 1024


class Launcher(Protocol):
    """Something that runs a plugin: a process, or a thread of this one."""

    @property
    def alive(self) -> bool:
        """Whether the plugin runs now."""

    @property
    def exit_code(self) -> int | None:
        """How the last run ended, negative for a signal; None while it runs or never ran."""

    def start(self) -> None:
        """Run the plugin, once more after it ended. Raises `HostError` if that is impossible."""

    def kill(self) -> None:
        """End it without warning and return when it is gone; nothing to do if it is not running."""

    def close(self) -> None:
        """Kill it and release everything held for it; there is no next start."""

    def log_tail(self, lines: int = 20) -> str:
        """The last lines the plugin wrote since it was started."""


class PluginProcess:
    """A plugin as a child process; its output is appended to the file `log`, or goes where that
    of this process goes if that is None.

    `env` is added to this process's environment. A thread waits for the process to end.
    With `stdin` the plugin shares this process's standard input, for a debugger.
    """

    def __init__(
        self,
        directory: Path,
        manifest: Manifest,
        *,
        settings: Settings,
        log: Path | None,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
    ) -> None:
        self._executable = (directory / manifest.executable).absolute()
        self._arguments = command_line(manifest, self._executable, settings)
        self._log = log
        self._log_from = 0  # what stands before is of earlier starts
        self._env = dict(env or {})
        self._stdin = None if stdin else subprocess.DEVNULL
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The process's id; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._watch is not None and self._watch.is_alive()

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process and not self.alive else None

    def start(self) -> None:
        if self.alive:
            raise HostError(f"{self._executable} is running already, as process {self.pid}")
        with self._log.open("ab") if self._log is not None else nullcontext() as log:
            self._log_from = log.tell() if log is not None else 0
            self._process = self._spawn(log)
        self._watch = threading.Thread(
            target=self._process.wait, name=f"ekuiper-host-wait-{self._process.pid}", daemon=True
        )
        self._watch.start()

    def _spawn(self, log: IO[Any] | None) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                self._arguments,
                cwd=self._executable.parent,
                env={**os.environ, **self._env},
                stdin=self._stdin,
                stdout=log,
                stderr=log,
            )
        except OSError as error:
            raise HostError(f"cannot run {self._arguments[0]}: {error}") from error

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the process to end by itself; its exit code, None if it runs on."""
        watch, process = self._watch, self._process
        if watch is not None and watch.is_alive():
            watch.join(timeout)
        elif process is not None:  # ended; or Ctrl-C came before it was watched
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        return self.exit_code

    def kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        if self.wait(_KILL_DEADLINE) is None:
            raise HostError(
                f"process {self.pid} did not end within {_KILL_DEADLINE:g} s of SIGKILL"
            )

    def close(self) -> None:
        self.kill()

    def log_tail(self, lines: int = 20) -> str:
        if self._log is None:
            return "(was not kept)"
        try:
            with self._log.open("rb") as log:
                log.seek(max(self._log_from, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def command_line(manifest: Manifest, executable: Path, settings: Settings) -> list[str]:
    """The arguments kuiperd starts this plugin with."""
    own = [str(executable), _PORTABLE_CONFIG]
    if manifest.language == "go":
        return own
    if manifest.virtual_env_type == "conda":  # kuiperd passes no -u here
        return ["conda", "run", "-n", manifest.env or "", settings.python, *own]
    return [settings.python, *(["-u"] if settings.unbuffered else []), *own]
