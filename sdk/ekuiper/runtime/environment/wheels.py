"""Wheels: what their names say, and how they are unpacked."""

import hashlib
import os
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ...errors import PackError
from ..carried import LOCK

__all__ = ["Wheel", "digest_of", "locked", "unpack", "wheel_name"]

_NAME = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?-(?P<tag>[^-]+-[^-]+-[^-]+)\.whl")
_LINE = re.compile(r"(?P<what>\S+==\S+) --hash=sha256:(?P<digest>[0-9a-f]{64})")
_CHUNK = 1 << 20


class Wheel(NamedTuple):
    """What the name of a wheel says."""

    name: str
    version: str
    python: str
    abi: str
    platform: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def wheel_name(path: Path) -> Wheel:
    """Raises `PackError` for a file that is not called as a wheel is."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise PackError(str(path), "is no wheel; its name would be name-version-tags.whl")
    return Wheel(found["name"], found["version"], *found["tag"].split("-"))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def locked(folder: Path) -> list[Path]:
    """The wheels that the lock in this folder lists. Raises `PackError` where one is not there, or
    is another one."""
    lock = folder / LOCK
    there = {digest_of(path): path for path in sorted(folder.glob("*.whl"))}
    wheels = []
    for line in lock.read_text("utf-8").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["digest"] not in there:
            raise PackError(str(lock), f"no wheel beside it is {found['what']} as locked there")
        wheels.append(there[found["digest"]])
    return wheels


def unpack(path: Path, library: Path, prefix: Path, python: str = "python") -> None:
    """Put what a wheel holds into `library`, where packages are, and what belongs elsewhere below
    `prefix`; its scripts are for the interpreter `python`.

    Raises `PackError` for a wheel that is broken, or leads out of these folders.
    """
    data = f"{'-'.join(path.name.split('-')[:2])}.data"
    places = {"purelib": library, "platlib": library, "scripts": prefix / "bin", "data": prefix}
    try:
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.infolist():
                parts = PurePosixPath(member.filename).parts
                if ".." in parts or member.filename.startswith("/"):
                    raise PackError(path.name, f"holds a file that leads out: {member.filename}")
                root = library
                if parts[0] == data:
                    if len(parts) < 3 or parts[1] not in places:
                        continue
                    root, parts = places[parts[1]], parts[2:]
                if not member.is_dir():
                    _write(wheel, member, root.joinpath(*parts), python)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise PackError(path.name, f"is a broken wheel: {error}") from error


def _write(wheel: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, python: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(member) as content, path.open("wb") as file:
        if path.parent.name == "bin" and (first := content.readline()):
            file.write(f"#!{python}\n".encode() if first.startswith(b"#!python") else first)
        shutil.copyfileobj(content, file, _CHUNK)
    if member.external_attr >> 16 & 0o111 or path.parent.name == "bin":
        os.chmod(path, 0o755)
