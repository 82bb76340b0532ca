"""An environment with the official package, beside the one the tests run in."""

import fcntl
import subprocess
import sys
from pathlib import Path

__all__ = ["OFFICIAL", "UnavailableError", "official_python"]

OFFICIAL = "ekuiper==2.4.2"
"""What it holds; it pins `pynng==0.8.1`, which has no wheels for some Pythons and machines."""

_INSTALL_TIMEOUT = 120.0


class UnavailableError(Exception):
    """The official package cannot be had here; the text says why."""


def official_python(folder: Path) -> Path:
    """The interpreter of an environment below `folder` that holds the official package.

    Made when it is first asked for, and kept: one for each Python. Tests that run side by side wait
    for each other here.
    """
    folder.mkdir(exist_ok=True)
    place = folder / f"{sys.version_info.major}.{sys.version_info.minor}"
    complete = place / "complete"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _matches(complete):
            _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(place)])
            _run(_install(place))
            complete.write_text(_key())
    return place / "bin" / "python"


def _matches(complete: Path) -> bool:
    return complete.is_file() and complete.read_text() == _key()


def _key() -> str:
    return f"{OFFICIAL}\n{sys.version}\n{sys.base_prefix}\n"


def _install(place: Path) -> list[str]:
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    quick = ["--quiet", "--no-input", "--retries", "1", "--timeout", "15"]
    # Without a wheel pip would compile nng for minutes, with a compiler that may not be there.
    return [*pip, *quick, "--only-binary", ":all:", OFFICIAL]


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{command[2]} took more than {_INSTALL_TIMEOUT:g} s") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()
        errors = [line for line in said if line.startswith("ERROR")] or said[-1:]
        raise UnavailableError(errors[-1])
