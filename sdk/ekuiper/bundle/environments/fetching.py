"""Wheels for another machine, by pip or uv, whose settings for indexes and proxies hold."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ...errors import PackError
from ...runtime.environment.wheels import wheel_name
from ..wheel import write_own_wheel
from .requirements import package_of
from .target import Target

__all__ = ["fetch", "install_with_uv", "uv_knows"]

# pip tells the markers of requirements by the machine that it runs on, whatever it is to fetch for.
_PIP = """\
import json, sys
import pip._vendor.packaging.markers as markers
there = json.loads(sys.argv.pop(1))
markers.default_environment = lambda: dict(there)
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
_ONLY_WHEELS = "--only-binary=:all:"
_NO_NETWORK = re.compile(
    r"connection (?:error|broken|refused)|NewConnectionError|NameResolution|dns error|timed out|"
    r"ConnectTimeout|ProxyError|error sending request|SSLError",
    re.IGNORECASE,
)
_PACKAGE = (
    re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)"),
    re.compile(r"ERROR: (?:.*/)?([A-Za-z0-9._]+)-[^/ ]+\.whl is not a supported wheel"),
    re.compile(
        r"Because (?:only )?([A-Za-z0-9._-]+)[^,\n]*? (?:has no|was not found|is available)"
    ),
    re.compile(r"Wheels are required for `([^`]+)`"),
)
_UNKNOWN = re.compile(r"\(from versions: none\)|not found in the package registry")


def fetch(requirements: Sequence[str], target: Target, folder: Path) -> list[Path]:
    """Put the wheels of these requirements, and of what they need in turn, into `folder`; returns
    them in the order of their names. A requirement of ekuiper is met by our own wheel, which is
    not among them.

    Raises `PackError`, naming the package, where one has no wheel for the target.
    """
    ours = write_own_wheel(folder)
    options = [word for each in target.platforms for word in ("--platform", each)]
    command = [
        *_interpreter_with_pip(),
        *("-c", _PIP, json.dumps(target.markers), "download", "--quiet", "--no-input"),
        *("--disable-pip-version-check", _ONLY_WHEELS, "--dest", str(folder)),
        *("--implementation", "cp", "--python-version", target.python, *options),
        *(str(ours), *requirements),
    ]
    _run(command, requirements, target)
    ours.unlink()
    found = sorted(folder.glob("*.whl"))
    for path in found:
        wheel = wheel_name(path)
        if not target.loads(wheel):
            raise _no_wheel(wheel.name, target)
    return found


def uv_knows(target: Target) -> str:
    """The uv on the path, if it can fetch for this target; else ""."""
    return (target.uv_platform and shutil.which("uv")) or ""


def install_with_uv(
    uv: str, requirements: Sequence[str], target: Target, folder: Path, work: Path
) -> None:
    """What `fetch` does, and unpacks into `folder` as well; our own package included."""
    ours = write_own_wheel(work)
    command = [
        *(uv, "pip", "install", "--quiet", "--no-progress", "--python", sys.executable),
        *("--target", str(folder), _ONLY_WHEELS, "--link-mode", "copy"),
        *("--python-version", target.python, "--python-platform", target.uv_platform),
        *(str(ours), *requirements),
    ]
    _run(command, requirements, target)


def _interpreter_with_pip() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "run", "--quiet", "--no-project", "--with", "pip", "--", "python"]
    raise PackError("pip", f"is needed to fetch wheels: {sys.executable} -m ensurepip, or get uv")


def _run(command: list[str], requirements: Sequence[str], target: Target) -> None:
    variables = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=variables
    )
    if result.returncode == 0:
        return
    told = result.stdout + result.stderr
    if _NO_NETWORK.search(told):
        reason = "cannot be fetched: the package index is not reachable\n" + _last_lines(told)
        raise PackError(", ".join(requirements), reason)
    for pattern in _PACKAGE:
        if (found := pattern.search(told)) is not None:
            raise _no_wheel(found[1], target, unknown=_UNKNOWN.search(told) is not None)
    raise PackError(", ".join(requirements), f"cannot be fetched:\n{_last_lines(told)}")


def _no_wheel(package: str, target: Target, *, unknown: bool = False) -> PackError:
    also = "it does not exist" if unknown else "not in the version asked for"
    return PackError(
        package_of(package),
        f"has no wheel for {target}, or {also}\n"
        f"  Try another --python or --platform, or make a wheel on such a machine and\n"
        f"  name its folder in PIP_FIND_LINKS (for uv: UV_FIND_LINKS).",
    )


def _last_lines(told: str) -> str:
    return "\n".join(line for line in told.strip().splitlines()[-3:])
