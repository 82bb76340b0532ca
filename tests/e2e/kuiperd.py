"""A real kuiperd, run from a release folder without touching it."""

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ekuiper.errors import RestError

from .polling import eventually
from .rest import Rest
from .versions import Version, with_init_timeout

__all__ = ["Kuiperd", "parent_of"]

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 20.0


class Kuiperd:
    """One running eKuiper with a home, loopback ports and log of its own.

    `binary` is `bin/kuiperd` of a release folder, whose `etc` is copied. Plugins are run by this
    interpreter. `mark` is in the name of every plugin, function, stream and rule of this host: it
    tells which of the sockets, whose names are fixed and machine-wide, are left over from it.
    `init_timeout` is how many seconds a plugin may take to shake hands.
    """

    def __init__(
        self,
        binary: Path,
        mark: str,
        env: Mapping[str, str] | None = None,
        *,
        init_timeout: int = 15,
    ) -> None:
        self._binary = binary
        self._init_timeout = init_timeout
        self._mark = mark
        self._env = dict(env or {})
        self._folder = tempfile.TemporaryDirectory(prefix="kuiperd-")
        self.home = Path(self._folder.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._marks = itertools.count(1)

    def __enter__(self) -> "Kuiperd":
        try:
            self._make_home()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Run it, also once more in the same home; returns when REST answers."""
        rest_port, rpc_port, self.data_port = _free_ports(3)
        self.rest = Rest(f"http://127.0.0.1:{rest_port}")
        ports = {
            "KUIPER__BASIC__RESTPORT": str(rest_port),
            "KUIPER__BASIC__PORT": str(rpc_port),
            "KUIPER__SOURCE__HTTPSERVERPORT": str(self.data_port),
        }
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._binary)],
                cwd=self.home,
                env={**_inherited(), **_settings(self.home), **ports, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        answer = eventually(self._greeting, "kuiperd answers REST calls", _START_TIMEOUT)
        self.version = Version.parse(answer["version"])

    @property
    def running(self) -> bool:
        return self._process is not None

    def new_mark(self) -> str:
        """A mark that starts with this host's, for one more plugin."""
        return f"{self._mark}{next(self._marks)}"

    def stop(self) -> None:
        """End it in order; plugins that it leaves behind are left."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it and everything it started, and remove what is left of it."""
        try:
            self.stop()
        finally:
            self._clean()

    def plugin_pids(self, plugin: str = "") -> list[int]:
        """The processes that run this plugin of the host, or any."""
        folder = os.fsencode(self.home / "plugins" / "portable" / plugin) + b"/" * bool(plugin)
        return [pid for pid, command in _processes() if folder in command]

    def sockets(self) -> list[Path]:
        """The socket files of this host's plugins, functions and rules."""
        return sorted(Path("/tmp").glob(f"*{self._mark}*.ipc"))

    def await_log(self, *words: str, timeout: float = 10.0) -> str:
        """The first line logged that holds all of these words, as soon as there is one."""

        def look() -> str | None:
            lines = self.log().splitlines()
            return next((line for line in lines if all(word in line for word in words)), None)

        return eventually(look, f"a line with {words} in kuiperd's log", timeout) or ""

    def log(self) -> str:
        """All it has logged, its plugins' output included."""
        files = (self.home / "log" / "stream.log", self.home / "output")
        return "".join(file.read_text("utf-8", "replace") for file in files if file.is_file())

    def _clean(self) -> None:
        for pid in self.plugin_pids():
            _kill(pid)
        eventually(lambda: not self.plugin_pids(), "the plugins are gone")
        for leftover in self.sockets():
            leftover.unlink(missing_ok=True)
        for lock in Path("/tmp", f"ekuiper-{os.geteuid()}").glob(f"*{self._mark}*"):
            lock.unlink(missing_ok=True)
        self._folder.cleanup()

    def _greeting(self) -> dict[str, str] | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"kuiperd ended with {self._process.returncode}:\n{self.log()}")
        try:
            greeting: dict[str, str] = self.rest.get("/")
        except RestError:
            return None
        return greeting

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self.rest.close()
        process.send_signal(how)
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_TIMEOUT)
            raise

    def _make_home(self) -> None:
        release = self._binary.parent.parent
        shutil.copytree(release / "etc", self.home / "etc")
        settings = self.home / "etc" / "kuiper.yaml"
        settings.write_text(with_init_timeout(settings.read_text("utf-8"), self._init_timeout))
        for folder in ("data", "log", "plugins/portable"):
            (self.home / folder).mkdir(parents=True)
        for kind in ("sources", "sinks", "functions", "wasm"):
            (self.home / "plugins" / kind).mkdir()


def _settings(home: Path) -> dict[str, str]:
    return {
        "KuiperBaseKey": str(home),
        "KUIPER__BASIC__IP": "127.0.0.1",
        "KUIPER__BASIC__RESTIP": "127.0.0.1",
        "KUIPER__SOURCE__HTTPSERVERIP": "127.0.0.1",
        "KUIPER__BASIC__PPROF": "false",
        "KUIPER__BASIC__ENABLEPRIVATENET": "true",  # its rest sink may call us
        "KUIPER__PORTABLE__PYTHONBIN": sys.executable,
    }


def _inherited() -> dict[str, str]:
    """Our environment without what would configure the host or the plugin."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("KUIPER", "EKUIPER"))
    }


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system hands out, so that nobody takes one meanwhile."""
    sockets = []
    try:
        while len(sockets) < count:
            candidate = socket.socket()
            try:
                candidate.bind(("127.0.0.1", random.randrange(20000, 32000)))
            except OSError:
                candidate.close()
            else:
                sockets.append(candidate)
        return [taken.getsockname()[1] for taken in sockets]
    finally:
        for taken in sockets:
            taken.close()


def _processes() -> list[tuple[int, bytes]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.append((int(entry.name), (entry / "cmdline").read_bytes()))
            except OSError:
                pass  # ended meanwhile
    return found


def parent_of(pid: int) -> int:
    """0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
