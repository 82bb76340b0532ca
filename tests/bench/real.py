"""A real eKuiper with the plugins on it, driven over REST."""

import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..e2e.archive import write_archive
from ..e2e.kuiperd import Kuiperd
from .processes import cpu_of, parent_of
from .real_plugin import RealPlugin, Rule
from .scale import RATE, Scale
from .subjects import Subject, environment
from .unavailable import UnavailableError

__all__ = ["RealHost", "kuiperd_binary"]

_ROW = {"n": 1, "name": "xxxxx", "value": 2.5}
_QUIET = 0.1  # seconds without work
_QUIET_TIMEOUT = 15.0

# eKuiper runs one interpreter and gives it no environment of ours: this one becomes the subject.
# Its own path stays in the command line, by which what is left over is found.
_LAUNCH = """\
import os, sys
os.environ.update({env!r})
os.execv({program!r}, [*{command!r}, *sys.argv[1:], os.path.abspath(__file__)])
"""


def kuiperd_binary() -> Path:
    """The kuiperd that KUIPERD names."""
    named = os.environ.get("KUIPERD")
    if not named:
        raise UnavailableError("KUIPERD names no eKuiper: KUIPERD=/path/to/bin/kuiperd make bench")
    binary = Path(named).resolve()
    if not os.access(binary, os.X_OK) or not (binary.parent.parent / "etc").is_dir():
        raise UnavailableError(f"KUIPERD={named} is no kuiperd with its etc folder beside bin")
    return binary


class RealHost:
    """A kuiperd of its own, and a file of rows to read. `feeder` is the plugin whose source sends
    large rows, and rows at a given rate, to the plugins that are measured."""

    def __init__(self, binary: Path, mark: str, scale: Scale, feeder: Subject) -> None:
        self._kuiperd = Kuiperd(binary, mark)
        self._scale = scale
        self._feeder = feeder
        self._stack = ExitStack()
        self._numbers = itertools.count(1)
        self._files: dict[int, str] = {}

    def __enter__(self) -> "RealHost":
        try:
            self._stack.enter_context(self._kuiperd)
            version = self._kuiperd.version
            if version.major < 2:
                raise UnavailableError(f"drives eKuiper from 2.0 on, and this is {version}")
            self.label = f"eKuiper {version}"
            self.rest = self._kuiperd.rest
            folder = tempfile.TemporaryDirectory(prefix="bench-")
            self._folder = Path(self._stack.enter_context(folder))
            settings = {"path": folder.name, "fileType": "lines", "interval": 0}
            self.rest.put("/metadata/sources/file/confKeys/bench", settings)
            feeder = self.start(self._feeder)
            self.large, self.paced = feeder.stream("large"), feeder.stream("paced")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, subject: Subject) -> RealPlugin:
        """Install its plugin. Raises `RestError` if the host refuses it."""
        mark = self._kuiperd.new_mark()
        manifest = _manifest(subject, mark)
        env = environment(subject, mark)
        launcher = _LAUNCH.format(env=env, program=subject.command[0], command=subject.command)
        keys = _keys(self._scale)
        archive = write_archive(
            self._kuiperd.home / f"bench{mark}.zip",
            manifest,
            {"launch.py": launcher},
            dict.fromkeys(manifest["sources"], keys),
        )
        self.rest.post(
            "/plugins/portables", {"name": manifest["name"], "file": self.rest.upload(archive)}
        )
        pid = min(self._kuiperd.plugin_pids(manifest["name"]))
        self.pid = parent_of(pid)
        return RealPlugin(self, manifest["name"], mark, pid)

    def end(self, plugin: RealPlugin) -> None:
        """Remove it, whatever state it is in."""
        self.rest.delete(f"/plugins/portables/{plugin.name}")

    def make_stream(self, kind: str, **properties: str) -> str:
        """A stream of this type; returns its name."""
        name = f"s{next(self._numbers)}"
        given = {"TYPE": kind, "FORMAT": "json", **properties}
        listed = ", ".join(f'{key}="{value}"' for key, value in given.items())
        self.rest.post("/streams", {"sql": f"CREATE STREAM {name} () WITH ({listed})"})
        return name

    def lines(self, rows: int) -> str:
        """A stream of a file with so many rows.

        Of the size that is needed: eKuiper reads a file to its end even when the rule is gone.
        """
        if rows not in self._files:
            file = self._folder / f"lines{rows}"
            file.write_text((json.dumps(_ROW) + "\n") * rows)
            self._files[rows] = self.make_stream("file", DATASOURCE=file.name, CONF_KEY="bench")
        return self._files[rows]

    def settle(self) -> None:
        """Wait until it has nothing to do."""
        deadline = time.monotonic() + _QUIET_TIMEOUT
        while time.monotonic() < deadline:
            before = cpu_of(self.pid)
            time.sleep(_QUIET)
            if cpu_of(self.pid) - before <= _QUIET / 10:
                return

    @contextmanager
    def rule(self, sql: str, mark: str, sink: str = "nop", **options: Any) -> Iterator[Rule]:
        """A rule that runs."""
        rule = Rule(self.rest, f"r{next(self._numbers)}{mark}")
        body = {"id": rule.id, "sql": sql, "actions": [{sink: {}}], "options": options}
        self.rest.post("/rules", body)
        try:
            yield rule
        finally:
            self.rest.delete(f"/rules/{rule.id}")


def _manifest(subject: Subject, mark: str) -> dict[str, Any]:
    whole = subject.key != "go"
    return {
        "name": f"bench{mark}",
        "version": "1.0.0",
        "language": "python",
        "executable": "launch.py",
        "sources": [f"numbers{mark}"] * whole,
        "sinks": [f"drop{mark}"] * whole,
        "functions": [f"{name}{mark}" for name in ("echo", "hot", "length")],
    }


def _keys(scale: Scale) -> dict[str, dict[str, Any]]:
    """The configuration keys of a plugin's source."""
    paced = {"rate": RATE, "rows": int(RATE * scale.paced)}
    return {"default": {}, "large": {"size": scale.large}, "paced": paced}
