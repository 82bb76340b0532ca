"""Running the command as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

RIG = Path(__file__).with_name("rig")
COMMAND = [sys.executable, "-c", "from ekuiper.cli.main import main; main()"]
DEADLINE = 60.0


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The objects of one type."""
        return [each for each in self.objects if each["type"] == kind]

    @property
    def summary(self) -> dict[str, Any]:
        (summary,) = self.of("summary")
        return summary


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what changes how things look."""
    ours = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "TERM": "xterm", **changes}


@pytest.fixture
def command() -> Callable[..., Ran]:
    """Run `ekuiper ARGUMENTS...` to its end."""

    def run(*arguments: str | Path, text: str = "", cwd: Path | None = None, **changes: str) -> Ran:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=text,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            cwd=cwd,
            env=environment(**changes),
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
