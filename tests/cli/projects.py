"""Projects that `ekuiper new` made, for tests of it."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["OPTIONS", "QUICK", "results_of"]

OPTIONS = {
    "--source": "station",
    "--function": "fahrenheit",
    "--aggregate": "spread",
    "--sink": "lines",
}
"""Those of `ekuiper new`, and a name for each."""

QUICK = {"PYTHONDONTWRITEBYTECODE": "1"}


def results_of(project: Path) -> subprocess.CompletedProcess[str]:
    """Its tests, as its author would run them, without what pytest is told here."""
    ours = {"PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=project,
        env={**{name: value for name, value in os.environ.items() if name not in ours}, **QUICK},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
