"""The symbol that is measured, and the plugin it belongs to."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...bundle.manifest import Manifest
from ...protocol.addresses import Addresses
from ...runtime.probe import VARIABLE, Laps
from ...transport import Transport
from ..embedded import Host, Settings
from ..embedded.process import PluginProcess
from ..scratch import scratch

__all__ = ["Clock", "Interrupt", "Limits", "Spawned", "Subject"]

_PART = 0.5  # of the time given, at most, for the second run
_LONGEST = 2.0  # seconds for the second run
_MOST = 50_000  # calls, rows or messages in the second run
_LATE = 0.1  # seconds for the last lap
_LOG = 12
_SHARED = "/dev/shm"  # files in memory, where there are such: a disk would slow the stamps


@dataclass(frozen=True)
class Limits:
    """When to stop: after `seconds`, or `count` calls, rows or messages if that is less."""

    seconds: float
    count: int | None = None

    def second(self) -> "Limits":
        """Those of the second run."""
        return Limits(min(self.seconds * _PART, _LONGEST), min(self.count or _MOST, _MOST))


class Clock:
    """Tells when the limits are reached; begins when it is made."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.began = time.perf_counter()
        self._busy = time.process_time()

    def over(self, count: int) -> bool:
        """Whether that is enough."""
        most = self._limits.count
        return self.left <= 0 or (most is not None and count >= most)

    @property
    def left(self) -> float:
        """Seconds until it is over."""
        return max(0.0, self._limits.seconds - self.elapsed)

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    @property
    def busy(self) -> float:
        """How busy this process was meanwhile, as a share of one core."""
        return (time.process_time() - self._busy) / (self.elapsed or 1.0)


class Interrupt:
    """Ctrl-C ends what is done within, and only that; `came` says that it did. For the main thread,
    any number of times."""

    def __init__(self) -> None:
        self.came = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> bool:
        self.came = self.came or kind is KeyboardInterrupt
        return kind is KeyboardInterrupt


@dataclass
class Spawned:
    """A plugin at work; `laps` are those of the symbol where it is stamped."""

    host: Host
    process: PluginProcess
    laps: Laps | None = None
    ending: threading.Event = field(default_factory=threading.Event)
    log: tuple[str, ...] = ()

    def await_laps(self, number: int) -> None:
        """Wait for the last of so many: a lap is written after its answer was sent, and one that
        never reached the author has none."""
        deadline = time.monotonic() + _LATE
        while self.laps and self.laps.written < number and time.monotonic() < deadline:
            time.sleep(0.001)

    @property
    def failure(self) -> str | None:
        """How the plugin ended by itself, if it did."""
        if self.process.alive or self.ending.is_set():
            return None
        self.log = tuple(self.process.log_tail(_LOG).splitlines())
        code = self.process.exit_code or 0
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"the plugin ended by itself, {how}"


@dataclass(frozen=True)
class Subject:
    """A symbol: `kind` is function, source or sink. `config` holds the settings of a source or
    sink, the `datasource` of a source among them."""

    folder: Path
    manifest: Manifest
    kind: str
    name: str
    config: Mapping[str, Any]
    settings: Settings

    @contextmanager
    def spawn(self, *, stamped: bool, transport: Transport | None = None) -> Iterator[Spawned]:
        """The plugin, spawned and killed at the end. Calls that wait for it end, with
        `ChannelClosedError`, when it ends by itself. Raises `HostError` if it does not start."""
        memory = _SHARED if os.path.isdir(_SHARED) else None
        with scratch("bench", memory) as folder:
            path = Path(folder, "laps")
            laps = Laps(str(path)) if stamped else None
            env = {VARIABLE: f"{self.kind}:{self.name}:{path}"} if stamped else {}
            processes: list[PluginProcess] = []

            def launcher(_: Transport, addresses: Addresses) -> PluginProcess:
                process = PluginProcess(
                    self.folder,
                    self.manifest,
                    settings=self.settings,
                    log=Path(folder, "plugin.log"),
                    env={**env, "EKUIPER_SOCKET_DIR": addresses.directory},
                )
                processes.append(process)
                return process

            host = Host(
                self.manifest, settings=self.settings, launcher=launcher, transport=transport
            )
            with host:
                spawned = Spawned(host, processes[0], laps)
                threading.Thread(
                    target=_close_when_dead, args=(spawned,), name="ekuiper-bench-wait", daemon=True
                ).start()
                try:
                    yield spawned
                finally:
                    spawned.ending.set()
            if laps is not None:
                laps.close()


def _close_when_dead(spawned: Spawned) -> None:
    spawned.process.wait()
    if not spawned.ending.is_set():
        spawned.host.close()
