"""Who is measured: this package in several ways, the official ones, and the limit."""

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import ekuiper
from ekuiper.runtime.launcher import text as launcher_text

from ..downstream import side_environment
from .unavailable import UnavailableError

__all__ = ["SUBJECTS", "Subject", "environment", "inherited", "make_subjects"]

_HERE = Path(__file__).parent
_PLUGIN = _HERE / "plugins" / "measured.py"

_BUILD_TIMEOUT = 180.0

POLLED = "60"
"""Microseconds that the polling limit polls, as long as this package does at most."""


@dataclass(frozen=True)
class Subject:
    """A way to run the plugin. `confined` if its sockets can be kept out of /tmp.

    `missing` says why it cannot be measured here, "" if it can.
    """

    key: str
    label: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    confined: bool = True
    missing: str = ""


SUBJECTS = {
    "ours": "ours",
    "stdlib": "ours, stdlib json",
    "sleeping": "ours, sleeping",
    "polling": "ours, polling",
    "official": "official 2.4.2",
    "go": "official Go",
    "limit": "C",
    "limit_polling": "C, polling",
    "bare": "bare Python",
}
"""Their names in tables."""


def make_subjects(keys: Iterable[str], build: Path) -> dict[str, Subject]:
    """Those subjects; what has to be compiled or installed for them is kept below `build`."""
    build.mkdir(parents=True, exist_ok=True)
    made = {}
    for key in keys:
        try:
            made[key] = _MAKERS[key](key, build)
        except UnavailableError as error:
            made[key] = Subject(key, SUBJECTS[key], missing=str(error))
    return made


def inherited() -> dict[str, str]:
    """Our environment, without what would configure a plugin."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EKUIPER_")}


def launched(subject: Subject, mark: str, folder: Path) -> Subject:
    """The same, as a pack starts it: by a launcher, made in this folder. The official package has
    none."""
    if not subject.key.startswith(("ours", "stdlib")):
        return subject
    shutil.copy(_PLUGIN, folder)
    launcher = folder / "launch.py"
    launcher.write_text(launcher_text(f"bench{mark}", _PLUGIN.name))
    return replace(subject, command=(*subject.command[:-1], str(launcher)))


def environment(subject: Subject, mark: str, more: int = 0) -> dict[str, str]:
    """What a subject's plugin needs besides; `more` functions are declared."""
    names = {"BENCH_MARK": mark, "BENCH_NAME": f"bench{mark}", "BENCH_FUNCTIONS": str(more)}
    return {**names, **subject.env}


def _ours(key: str, build: Path) -> Subject:
    env = {
        "stdlib": {"EKUIPER_JSON": "stdlib"},
        "sleeping": {"EKUIPER_POLL": "never"},
        "polling": {"EKUIPER_POLL": "always"},
    }.get(key, {})
    if key != "stdlib":
        _need_orjson()
    # As pip does with what it installs. What was not compiled takes three times as long to start.
    compileall.compile_dir(Path(ekuiper.__file__).parent, quiet=2)
    env = {"EKUIPER_JSON": "orjson", **env}
    return Subject(key, SUBJECTS[key], (sys.executable, "-u", str(_PLUGIN)), env)


def _need_orjson() -> None:
    if importlib.util.find_spec("orjson") is None:
        raise UnavailableError("orjson is not installed: pip install 'ekuiper[fast]'")


def _official(key: str, build: Path) -> Subject:
    try:
        python = side_environment.official_python(_HERE.parents[1] / ".venv-official")
    except side_environment.UnavailableError as error:
        raise UnavailableError(f"{side_environment.OFFICIAL}: {error}") from error
    command = (str(python), "-u", str(_PLUGIN))
    return Subject(key, SUBJECTS[key], command, {"PYTHONPATH": ""}, confined=False)


def _limit(key: str, build: Path) -> Subject:
    compilers = [name for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name]
    compiler = next((found for name in compilers if (found := shutil.which(name))), None)
    if compiler is None:
        raise UnavailableError(f"no C compiler: tried {', '.join(compilers)}; set CC")
    binary, source = build / "limit", _HERE / "limit.c"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        flags = ("-O2", "-Wall", "-Wextra", "-pthread")
        _run([compiler, *flags, "-o", str(binary), str(source)], _HERE)
    microseconds = POLLED if key == "limit_polling" else "0"
    return Subject(key, SUBJECTS[key], (str(binary), microseconds))


def _bare(key: str, build: Path) -> Subject:
    _need_orjson()
    plugin = _HERE / "plugins" / "bare.py"
    return Subject(key, SUBJECTS[key], (sys.executable, "-u", str(plugin), POLLED))


def _go(key: str, build: Path) -> Subject:
    """A plugin built elsewhere on eKuiper's package for Go, with one function that returns its
    argument. Plugin and function are called bench and echo, each followed by $BENCH_MARK."""
    plugin = os.environ.get("BENCH_GO_PLUGIN")
    if not plugin:
        raise UnavailableError("BENCH_GO_PLUGIN names no plugin built on it")
    return Subject(key, SUBJECTS[key], (plugin,), confined=False)


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_BUILD_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]}: {error}") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        told = [line for line in lines if "downloading" not in line] or ["it did not say why"]
        raise UnavailableError(f"{Path(command[0]).name}: {told[0]}")


_MAKERS: Mapping[str, Callable[[str, Path], Subject]] = {
    "ours": _ours,
    "stdlib": _ours,
    "sleeping": _ours,
    "polling": _ours,
    "official": _official,
    "go": _go,
    "limit": _limit,
    "limit_polling": _limit,
    "bare": _bare,
}
