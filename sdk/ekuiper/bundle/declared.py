"""What a plugin's code declares, found out by running it in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DeclarationError
from .project import Project

__all__ = ["PATIENCE", "Declared", "DeclaredSymbol", "declare"]

PATIENCE = 300.0
"""Seconds that an import may take: as long as eKuiper's starts of functions wait for it."""

_PARENT = Path(__file__).resolve().parents[2]
_RUN = (
    f"import sys; sys.path.insert(0, {str(_PARENT)!r}); "
    "from ekuiper.bundle.declaring import declare_into; "
    "del sys.path[0]; declare_into(*sys.argv[1:])"
)
_TAIL = 20  # lines of output that an error keeps


@dataclass(frozen=True)
class DeclaredSymbol:
    """One source, sink or function as `PluginConfig` names it."""

    name: str
    doc: str = ""
    """The docstring of its class, else of its method `open`, `collect` or `exec`; cleaned."""
    aggregate: bool = False
    class_name: str = ""
    place: str = ""
    """`file.py:12`, where its class begins; relative to the folder of the plugin file."""
    methods: tuple[str, ...] = ()
    """The public names its class and that one's bases define, ours left out."""
    problem: str = ""
    """Why it could not be started, as in "class X (file.py:12) has no method exec"."""


@dataclass(frozen=True)
class Declared:
    """What the plugin file gave to `plugin.start`."""

    name: str
    """The plugin's name, as `PluginConfig` has it."""
    started: str
    """`file.py:12`, where `plugin.start` was called."""
    sources: tuple[DeclaredSymbol, ...] = ()
    sinks: tuple[DeclaredSymbol, ...] = ()
    functions: tuple[DeclaredSymbol, ...] = ()

    @property
    def symbols(self) -> tuple[DeclaredSymbol, ...]:
        """All of them."""
        return self.sources + self.sinks + self.functions


def declare(
    project: Project, *, python: str = sys.executable, timeout: float = PATIENCE
) -> Declared:
    """Run the plugin file up to `plugin.start` under the interpreter `python`.

    Its process, and what that has started, are killed after `timeout` seconds. Raises
    `DeclarationError` when the file raises (with the file and line), ends before `plugin.start`, or
    takes too long, and when `python` cannot be run.
    """
    if project.language != "python":
        reason = f"is written in {project.language}; what it declares cannot be asked for"
        raise DeclarationError(project.script.name, reason)
    with tempfile.TemporaryDirectory(prefix="ekuiper-declare-") as folder:
        result, log = Path(folder, "result.json"), Path(folder, "log")
        ended = _run(project.script, result, log, python, timeout)
        lines = log.read_text("utf-8", "replace").splitlines()[-_TAIL:]
        found = _loaded(result)
    if found is None:
        raise DeclarationError(project.script.name, _reason(ended, timeout), "\n".join(lines))
    if "error" in found:
        raise DeclarationError(project.script.name, found["error"], "\n".join(lines))
    return _declared(found)


def _run(script: Path, result: Path, log: Path, python: str, timeout: float) -> int | None:
    """The exit status; None for a process that was killed because it took too long."""
    variables = {"EKUIPER_SUPERVISE": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [python, "-c", _RUN, str(result), str(script)],
                cwd=script.parent,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise DeclarationError(script.name, f"cannot run {python}: {error}") from error
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """And what it has started, unless that made a session of its own."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # all have ended
    process.kill()
    process.wait()


def _loaded(result: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(result.read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _reason(ended: int | None, timeout: float) -> str:
    if ended is None:
        return f"did not reach plugin.start within {timeout:g} s; what does it wait for?"
    if ended < 0:
        return f"was killed by {signal.Signals(-ended).name} before plugin.start"
    return f"ended with status {ended} before plugin.start"


def _declared(found: dict[str, Any]) -> Declared:
    def symbols(kind: str) -> tuple[DeclaredSymbol, ...]:
        return tuple(
            DeclaredSymbol(**{**each, "methods": tuple(each.get("methods", ()))})
            for each in found[kind]
        )

    return Declared(
        name=found["name"],
        started=found["started"],
        sources=symbols("sources"),
        sinks=symbols("sinks"),
        functions=symbols("functions"),
    )
