"""When the worker that serves is to be replaced by a new one, and how."""

import time

from ...protocol.stdlib import stdlib_loads
from .limits import Limits
from .machine import START_TIMEOUT, Machine
from .reloads import Reloads
from .report import Report
from .settings import Settings
from .states import State
from .watch import Watch

__all__ = ["Renewals"]


class Renewals:
    """Because somebody asks for it, a file was saved, or the worker is too large or too old. For
    the supervisor's thread."""

    def __init__(self, report: Report, machine: Machine) -> None:
        self.reloads = Reloads(report)
        self._report = report
        self._machine = machine
        self._settings = self._next_settings = Settings(START_TIMEOUT)
        self._watch = Watch()
        self._limits = Limits()
        self._began = 0.0

    @property
    def deadline(self) -> float | None:
        """When `look` has something to do at the latest."""
        times = (self._watch.deadline, self._limits.deadline)
        return min((each for each in times if each is not None), default=None)

    def look(self, now: float, worker: int | None, *, asked: bool) -> bool:
        """Whether to begin a reload now, of this process; `asked` by SIGHUP."""
        machine = self._machine
        idle = machine.state is State.SERVING and machine.swap is None
        if asked:
            self.reloads.want("SIGHUP")
        self._watch.turn(now, on=self._settings.watch or bool(machine.said))
        if (saved := self._watch.look(now)) is not None:
            self.reloads.want(f"{saved} was saved")
        self._limits.turn(now, on=idle)
        if idle and worker is not None:
            self.exceeded(now, self._limits.look(now, worker))
        gives_way = machine.preparing and self.reloads.newer
        if not self.reloads.wanted or not (idle or gives_way or machine.state is State.NONE):
            return False
        self.reloads.begin()
        return True

    @property
    def replace(self) -> bool:
        """Whether the old worker ends first."""
        return self._settings.replace

    def exceeded(self, now: float, what: str | None) -> None:
        """The worker is to be replaced, for its size or age, but not again and again."""
        if what is None:
            return
        pause = self._limits.exceeded(now)
        if not pause:
            self.reloads.want(f"worker {self._machine.generation} goes: {what}", newer=False)
        elif self._limits.tells():
            self._report(
                "WARNING",
                f"worker {self._machine.generation}: {what}, soon after the one before it was "
                f"replaced; it stays for {pause:.0f} s more",
            )

    def spawned(self) -> None:
        """A worker begins, and reads files."""
        self._began = time.time()

    def read(self, files: bytes, *, beside: bool) -> None:
        """Which ones it has read, as it tells; `beside` the one that serves."""
        if not beside:
            self._watch.forget()
        self._watch.read(stdlib_loads(files, files), self._began)

    def ready(self, settings: bytes, *, beside: bool) -> float:
        """What the plugin wants, as the worker tells; how long a start may take."""
        self._next_settings = Settings.unpacked(settings)
        if not beside:
            self.switch()
        return self._next_settings.start_timeout

    def switch(self) -> None:
        """The worker that was ready last serves."""
        self._settings = self._next_settings
        self._limits.max_memory = self._settings.max_memory

    def over(self, error: str | None) -> None:
        """A reload is."""
        serves = error is None or self._machine.state is State.SERVING
        self.reloads.over(self._machine.generation if serves else None, error)
