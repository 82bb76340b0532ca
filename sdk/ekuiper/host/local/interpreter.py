"""The Python that a host would start, tried."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Interpreter", "try_interpreter"]

_PATIENCE = 20.0  # seconds: a device may be busy
_ASK = """
import json, sys
try:
    from importlib.metadata import version
    package = version("ekuiper")
except Exception:
    package = None
print(json.dumps([list(sys.version_info[:3]), package]))
"""


@dataclass(frozen=True)
class Interpreter:
    """What `pythonBin` is. Without a version, `problem` says why; with neither, it was not tried,
    since it is another user's."""

    path: str | None
    version: tuple[int, ...] | None = None
    package: str | None = None
    """The version of the package `ekuiper` that it has."""
    problem: str = ""


def try_interpreter(program: str, uid: int, environment: Mapping[str, str]) -> Interpreter:
    """Run `program` as the host of user `uid` does, in its environment, and ask for its version.

    Never as anybody but that user: who runs something called kuiperd may name any program.
    """
    path = shutil.which(program, path=environment.get("PATH", os.defpath))
    if path is None:
        return Interpreter(None, problem=f"there is no program {program} in kuiperd's PATH")
    if os.geteuid() not in (0, uid):
        return Interpreter(path)
    other = uid if os.geteuid() != uid else None
    try:
        done = subprocess.run(
            [path, "-c", _ASK],
            capture_output=True,
            timeout=_PATIENCE,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            cwd="/",
            user=other,
            group=other,
            extra_groups=None if other is None else [],
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Interpreter(path, problem=f"{path} does not run: {error}")
    return _answer(path, done)


def _answer(path: str, done: "subprocess.CompletedProcess[bytes]") -> Interpreter:
    try:
        version, package = json.loads(done.stdout)
        return Interpreter(path, tuple(version), package)
    except (ValueError, TypeError):
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no answer")
        return Interpreter(path, problem=f"{path} is no Python that works: {last}")
