"""An eKuiper that runs on this machine: its folders and settings."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .processes import Process, environment, in_view
from .settings import Settings, overridden, read_settings

__all__ = ["Kuiperd", "kuiperds"]

_BASE = "KuiperBaseKey"
_SETTINGS = "kuiper.yaml"
_INSTALLED = {  # where packages of Linux distributions have them
    "etc": "/etc/kuiper",
    "data": "/var/lib/kuiper/data",
    "log": "/var/log/kuiper",
    "plugins": "/var/lib/kuiper/plugins",
}


@dataclass(frozen=True)
class Kuiperd:
    """One eKuiper. Folders are as this process finds them, or None; the environment is None where
    that is not for this user to read."""

    pid: int
    uid: int
    folders: Mapping[str, str | None] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None
    settings: Settings = field(default_factory=dict)
    unread: str = ""
    """Why its settings could not be read."""
    own_tmp: bool = False
    """Whether its /tmp is not ours: it is in a container, or systemd gave it one."""
    contained: bool = False
    """Whether its programs are not ours, either."""

    def setting(self, section: str, key: str) -> str:
        """As it is written, "" if it is not."""
        return self.settings.get(section.lower(), {}).get(key.lower(), "")

    @property
    def python(self) -> str:
        """The program that it runs plugins with."""
        return self.setting("portable", "pythonBin") or "python"

    @property
    def file(self) -> str:
        """Its settings' file, or what is known instead."""
        folder = self.folders.get("etc")
        return os.path.join(folder, _SETTINGS) if folder else f"kuiperd (process {self.pid})"


def kuiperds(known: list[Process]) -> list[Kuiperd]:
    """Those among these processes."""
    return [_kuiperd(each) for each in known if each.is_host]


def _kuiperd(process: Process) -> Kuiperd:
    ours = environment(process.pid)
    folders = {name: _folder(process, ours or {}, name) for name in _INSTALLED}
    settings, unread = _settings(folders["etc"])
    return Kuiperd(
        process.pid,
        process.uid,
        folders,
        ours,
        overridden(settings, ours or {}),
        unread,
        _differs(process.pid, "/tmp"),
        _differs(process.pid, "/"),
    )


def _settings(folder: str | None) -> tuple[Settings, str]:
    if folder is None:
        return {}, "its folder etc is not to be found, or not for this user to see"
    try:
        with open(os.path.join(folder, _SETTINGS), encoding="utf-8", errors="replace") as file:
            return read_settings(file.read()), ""
    except OSError as error:
        return {}, error.strerror or str(error)


def _folder(process: Process, ours: Mapping[str, str], name: str) -> str | None:
    """As eKuiper looks for it: told, else below its base or working folder, or any above that."""
    for folder in _candidates(process, ours, name):
        seen = in_view(process.pid, folder)
        if os.path.isdir(seen):
            return seen
    return None


def _candidates(process: Process, ours: Mapping[str, str], name: str) -> Iterator[str]:
    try:
        working = os.readlink(f"/proc/{process.pid}/cwd")
    except OSError:
        working = ""
    told = _option(process.command, name)
    if told:
        yield os.path.join(working, told)
    base = os.path.join(working, ours.get(_BASE, ""))
    while base:
        yield os.path.join(base, name)
        above = os.path.dirname(base)
        base = above if above != base else ""
    yield _INSTALLED[name]


def _option(command: tuple[str, ...], name: str) -> str:
    """The value of `-etc DIR`, `--etc DIR` or `-etc=DIR`."""
    for number, word in enumerate(command[1:], 2):
        option, equals, value = word.partition("=")
        if option in (f"-{name}", f"--{name}"):
            return value if equals else "".join(command[number : number + 1])
    return ""


def _differs(pid: int, path: str) -> bool:
    """Whether `path` is another folder to that process than to this one."""
    try:
        theirs, ours = os.stat(f"/proc/{pid}/root{path}"), os.stat(path)
    except OSError:
        return False
    return (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino)
