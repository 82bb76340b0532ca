"""The folder of a run: the plugin, a wrapper, sockets, and the files that say who dies where."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from .hosting import NAME
from .plan import FUNCTIONS, Plan

__all__ = ["Scene"]

_HERE = Path(__file__).parent
_PACE = 0.004  # seconds between two rows, calls or messages
_WRAPPER = """#!/bin/sh
# conda run -n ENV COMMAND...
shift 3
/bin/sh -c '"$@"; exit $?' sh "$@"
exit $?
"""


class Scene:
    """All that a host needs, in `folder`; `mark` is in the environment of all that it starts."""

    def __init__(self, folder: Path, plan: Plan, mark: str) -> None:
        self.folder = folder
        self.sockets = folder / "s"
        self.deaths = folder / "deaths"
        self.clock = folder / "clock"
        self.script = folder / "plugin" / "plugin.py"
        self._plan = plan
        self._mark = mark
        for each in (self.sockets, self.deaths, folder / "plugin", folder / "bin"):
            each.mkdir()
        self._install()

    def _install(self) -> None:
        plugin = self.folder / "plugin"
        shutil.copy(_HERE / "plugin.py", self.script)
        manifest: dict[str, Any] = {
            "version": "1.0.0",
            "language": "python",
            "executable": "plugin.py",
            "sources": ["numbers"],
            "sinks": ["keep"],
            "functions": list(FUNCTIONS),
        }
        if self._plan.wrapped:
            manifest.update(virtualEnvType="conda", env="any")
        (plugin / f"{NAME}.json").write_text(json.dumps(manifest))
        wrapper = self.folder / "bin" / "conda"
        wrapper.write_text(_WRAPPER)
        wrapper.chmod(0o755)

    def given(self, lives: int) -> dict[str, Any]:
        """The settings of a host that is the next after so many; each has numbers of its own."""
        key, _, value = self._mark.partition("=")
        return {
            "journal": str(self.folder / "host.journal"),
            "plugin": str(self.folder / "plugin"),
            "sockets": str(self.sockets),
            "log": None if self._plan.full_disk else str(self.folder / "plugin.log"),
            "pace": self._plan.pace or _PACE,
            "base": lives * 1_000_000,
            "acks": self._plan.acks,
            "env": {
                key: value,
                "FAULTS_DEATHS": str(self.deaths),
                "FAULTS_JOURNAL": str(self.folder / "plugin.journal"),
                "FAULTS_PACE": str(self._plan.pace or _PACE),
                "FAULTS_CALL_TIMEOUT": str(self._plan.call_timeout),
                "FAULTS_NAME": NAME,
                "FAULTS_CLOCK": str(self.clock),
                "PYTHONPATH": str(_HERE / "clock"),
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "EKUIPER_SUPERVISE": "1" if self._plan.supervised else "0",
            },
        }
