"""Building the host's end on mangos, the library whose sockets eKuiper uses."""

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["NotBuiltError", "build_mangos"]

_SOURCE = Path(__file__).parent / "go"
_TIMEOUT = 300.0  # seconds; the first time a module is downloaded and the library compiled


class NotBuiltError(Exception):
    """It cannot be built here; the text says why."""


def build_mangos(folder: Path) -> Path:
    """The program, built into `folder`. Raises `NotBuiltError`."""
    go = shutil.which("go")
    if go is None:
        raise NotBuiltError("Go is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "mangos"
    command = [go, "build", "-buildvcs=false", "-o", str(program), "."]
    env = {"GOTOOLCHAIN": "local", **os.environ}
    try:
        done = subprocess.run(
            command, cwd=_SOURCE, env=env, capture_output=True, text=True, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuiltError(f"go build: {error}") from error
    if done.returncode:
        raise NotBuiltError(f"go build: {_reason(done.stderr)}")
    return program


def _reason(told: str) -> str:
    """The last thing that it said; what it downloads, and for which package, comes before."""
    lines = [line for line in told.splitlines() if line.strip() and "downloading" not in line]
    return " ".join(" ".join(lines[-2:]).split()) or "it did not say why"
