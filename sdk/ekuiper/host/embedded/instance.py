"""One plugin as eKuiper keeps it: process, control channel, and the starts to send again."""

import random
import signal
import threading
from collections import deque
from typing import Literal

from ...errors import HostError, TransportError
from ...protocol.messages import Command, Meta
from ...transport import Exchange
from .asking import ControlLink
from .process import Launcher
from .settings import Settings

__all__ = ["Instance", "Status"]

Status = Literal["initializing", "running", "error"]

_KEPT_ERRORS = 100


class Instance:
    """Starts the plugin when something needs it, never of its own accord.

    Every start that was answered "ok" is remembered until its stop and sent again after the
    plugin was restarted. They are remembered by place, and all functions have the same, empty
    place: only the function started last is sent again. Callable from any thread; owns `launcher`
    and `exchange`.
    """

    def __init__(
        self, name: str, launcher: Launcher, exchange: Exchange, settings: Settings
    ) -> None:
        self._name = name
        self._launcher = launcher
        self._control = ControlLink(exchange, settings, self._gone)
        self._lock = threading.Lock()
        self._starts: dict[Meta, Command] = {}
        self._ready = False
        self.generation = 0
        """How often the plugin was spawned."""
        self.errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        """What went wrong with nobody there to raise it to; the oldest are forgotten."""

    @property
    def status(self) -> Status:
        """The plugin's status over REST. Like there, one that exited with 0 is still "running"."""
        if not self._ready:
            return "initializing"
        return "error" if self._launcher.exit_code else "running"

    @property
    def status_message(self) -> str:
        """How the plugin ended, in the words of the status over REST; "" while it runs."""
        code = self._launcher.exit_code
        if not code:
            return ""
        return f"exit status {code}" if code > 0 else f"signal: {_SIGNALS.get(-code, -code)}"

    def describe(self) -> str:
        """The plugin's state as eKuiper puts it into the errors of function calls."""
        return f"plugin {self._name} status {self.status}, message: {self.status_message}."

    def ensure_running(self) -> None:
        """Spawn the plugin unless it runs, and send the remembered starts again."""
        with self._lock:
            if not self._launcher.alive:
                self._launch()
                self._replay(None)

    def start(self, command: Command) -> None:
        """Start a symbol. Raises `HostError` with the plugin's answer."""
        try:
            self._control.command(command)
        except HostError as error:
            if self._launcher.alive:
                raise
            raise HostError(f"plugin {self._name!r} does not answer: {error}") from error
        self._starts[command.meta] = command

    def stop(self, command: Command, timeout: float | None = None) -> None:
        """Stop what `command` started. Raises `HostError` with the plugin's answer; a plugin that
        does not run needs no telling."""
        if self._launcher.alive:
            self._control.command(command._replace(verb="stop"), timeout)
        self._starts.pop(command.meta, None)

    def kill(self) -> None:
        """SIGKILL the plugin and wait until it is gone."""
        self._launcher.kill()

    def restart(self, seed: int | None = None) -> None:
        """Kill, spawn, shake hands, and send the remembered starts again, in an order drawn with
        `seed`. Starts that fail are added to `errors`."""
        with self._lock:
            self._launcher.kill()
            self._launch()
            self._replay(seed)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines the plugin wrote since it was started."""
        return self._launcher.log_tail(lines)

    def close(self) -> None:
        """Kill the plugin and close the control channel."""
        self._launcher.close()
        self._control.close()

    def _launch(self) -> None:
        self._ready = False
        self.generation += 1
        self._launcher.start()
        try:
            self._control.handshake()
        except HostError as error:
            reason = f"{error}{self._tail()}" if self._launcher.alive else str(error)
            self._launcher.kill()
            raise HostError(f"plugin {self._name!r} did not start: {reason}") from error
        self._ready = True

    def _replay(self, seed: int | None) -> None:
        starts = list(self._starts.values())
        random.Random(seed).shuffle(starts)
        for command in starts:
            try:
                self._control.command(command)
            except (HostError, TransportError) as error:
                self.errors.append(f"{command.kind} {command.symbol!r} after a restart: {error}")

    def _gone(self) -> str | None:
        if self._launcher.alive:
            return None
        code = self._launcher.exit_code or 0
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
        return f"it {how}{self._tail()}"

    def _tail(self) -> str:
        tail = self.log_tail()
        return f"; the end of its log:\n{tail}" if tail else ""


_SIGNALS = {
    signal.SIGKILL.value: "killed",
    signal.SIGTERM.value: "terminated",
    signal.SIGSEGV.value: "segmentation fault",
    signal.SIGABRT.value: "aborted",
    signal.SIGINT.value: "interrupt",
}
"""Signals by the names Go gives them."""
