"""The interpreter that a plugin is checked with, and the code run under it."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...errors import DeclarationError
from ...runtime.carried import Carried
from ..archive import refused_name
from ..declared import Declared, declare
from ..manifest import Manifest
from ..planning import misplaced
from ..project import Project
from . import rules
from .code import OLDEST, declaration_failed, one_line
from .finding import Finding, Version
from .model import Bundle, Member

__all__ = [
    "Interpreter",
    "Launched",
    "ask_code",
    "check_interpreter",
    "launched_by",
    "least_python",
    "unpacked",
]

_LEAST = re.compile(r"(>=|>|~=|==)\s*3\.(\d+)")
_ABSENT = "ModuleNotFoundError"
_MISSING = re.compile(rf"{_ABSENT}|ImportError")
_ASK = "import sys; print(*sys.version_info[:2])"


@dataclass(frozen=True)
class Interpreter:
    """What runs the code, and for how many seconds at most."""

    python: str = sys.executable
    timeout: float = 30.0


def least_python(required: str) -> Version:
    """The oldest Python that `requires-python` allows, and this SDK."""
    found = _LEAST.search(required)
    return max(OLDEST, (3, int(found[2]))) if found else OLDEST


def check_interpreter(interpreter: Interpreter, least: Version) -> list[Finding]:
    """Whether it is there, and new enough."""
    python = interpreter.python
    if python == sys.executable:
        found = sys.version_info[:2]
    else:
        try:
            output = subprocess.run(
                [python, "-c", _ASK],
                capture_output=True,
                text=True,
                timeout=interpreter.timeout,
                check=True,
            ).stdout.split()
            found = int(output[0]), int(output[1])
        except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
            reason = f"does not run as a Python: {error}"
            return [rules.PYTHON(python, reason, "Name another by --python.")]
    if found >= least:
        return []
    reason = f"is Python {found[0]}.{found[1]}; the plugin needs {least[0]}.{least[1]} or newer"
    fix = "Name a newer one: here by --python, on the host by portable.pythonBin in kuiper.yaml."
    return [rules.PYTHON(python, reason, fix)]


def ask_code(
    bundle: Bundle, project: Project, interpreter: Interpreter, elsewhere: str = ""
) -> tuple[Declared | None, list[Finding]]:
    """What the code declares. `elsewhere` says where its environment is, if that is not here: then
    it is no error that what it imports is missing."""
    try:
        return declare(project, python=interpreter.python, timeout=interpreter.timeout), []
    except DeclarationError as error:
        if elsewhere and _MISSING.search(f"{error.reason} {error.log}"):
            missing = f": {one_line(error.reason)}" if _ABSENT in error.reason else ""
            reason = f"{elsewhere}, so that it cannot be tried here{missing}"
            fix = "Check the folder that it was packed from, where its packages are installed."
            return None, [rules.CODE_UNTRIED(bundle.at(project.script.name), reason, fix)]
        return None, [declaration_failed(bundle, error)]


@contextmanager
def unpacked(bundle: Bundle, manifest: Manifest) -> Iterator[tuple[Project, str]]:
    """The plugin's folder as a host has it, and where its environment is if it is not in it. A
    launcher is put aside: the plugin file itself is what is run."""
    with TemporaryDirectory(prefix="ekuiper-check-") as folder:
        top = Path(folder).resolve()
        for name, member in bundle.files.items():
            if not refused_name(name) and not misplaced([name]):
                _write(top / name, member)
        script = top / manifest.executable
        launched = launched_by(script.read_bytes())
        if launched is not None:
            script.write_text(_shim(script, launched), encoding="utf-8")
        elsewhere = launched.elsewhere if launched else ""
        if manifest.virtual_env_type:
            elsewhere = f"runs in the conda environment {manifest.env}"
        yield Project(top, manifest.name, manifest.version, script, manifest.language), elsewhere


def _write(path: Path, member: Member) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as content, path.open("wb") as file:
            shutil.copyfileobj(content, file)
    except OSError:
        pass  # as a name that is a file and a folder, which is told where entries are checked


@dataclass(frozen=True)
class Launched:
    """What a launcher says: the plugin file beside it, and what that brings along."""

    script: str
    carried: Carried

    @property
    def elsewhere(self) -> str:
        """Where its environment is, if not here."""
        if self.carried.wheels:
            return "has an environment that is made on its host"
        return "is for another machine or Python" if self.carried.refusal else ""


def launched_by(content: bytes) -> Launched | None:
    """What a launcher runs; None for what is no launcher."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "enter" and len(node.args) == 3:
            script = node.args[1]
            options: dict[str, Any] = {
                each.arg: each.value.value
                for each in node.keywords
                if isinstance(each.value, ast.Constant) and each.arg in Carried._fields
            }
            if isinstance(script, ast.Constant) and isinstance(script.value, str):
                return Launched(script.value, Carried(**options))
    return None


def _shim(launcher: Path, launched: Launched) -> str:
    script = str(launcher.parent / launched.script)
    library = str((launcher.parent / launched.carried.library).resolve())
    return (
        f"import sys\nsys.path.insert(1, {library!r})\n__file__ = {script!r}\n"
        "with open(__file__, 'rb') as file:\n"
        "    code = compile(file.read(), __file__, 'exec')\nexec(code)\n"
    )
