"""Zip files as every eKuiper takes them, the same bytes for the same content.

No folder is left without an entry of its own, and parents come first: eKuiper 2.4 makes one level
of folders at a time. Each entry has a mode, as eKuiper keeps it. There are no symbolic links.
"""

import os
import stat
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import PackError

__all__ = ["Entry", "folders_of", "refused_name", "write_archive"]

_CHUNK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_LONGEST = 255  # bytes of a file's name
_PACKED = (".whl", ".zip", ".gz", ".xz", ".zst", ".png", ".jpg", ".jpeg", ".mp4")


@dataclass(frozen=True)
class Entry:
    """One file of an archive, under `name` with "/" between its parts; from memory or a file."""

    name: str
    content: bytes | Path
    executable: bool = False

    @property
    def size(self) -> int:
        """In bytes, as it is now."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


def refused_name(name: str) -> str:
    """Why no file in an archive may be called so; "" if one may. `name` may end with "/"."""
    try:
        parts = [part.encode() for part in name.removesuffix("/").split("/")]
    except UnicodeEncodeError:
        return "its name is no text in UTF-8; rename it"
    if name.startswith("/"):
        return "its name begins with /: names are relative to the plugin's folder"
    if not all(parts) or b"." in parts:
        return "a part of its name is empty or '.'"
    if ".." in name:
        return "eKuiper 2.x refuses names with '..'; rename it"
    if "\\" in name or not name.isprintable():
        return "a backslash or control character in its name means another file on some hosts"
    if max(len(part) for part in parts) > _LONGEST:
        return f"a part of its name is longer than {_LONGEST} bytes"
    return ""


def folders_of(names: Iterable[str]) -> list[str]:
    """The folders, each with "/" at its end, that files of these names are in; parents first."""
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    return [f"{folder}/" for folder in sorted(folders - {"."})]


def write_archive(
    path: Path, entries: Iterable[Entry], *, progress: Callable[[int], None] | None = None
) -> None:
    """Write the archive of these files, in the order of their names; all or nothing.

    `progress` is told how many bytes of content were read, time and again. Raises `PackError` for
    a name that a host refuses or that comes twice, and for a file that cannot be read.
    """
    files = sorted(entries, key=lambda entry: entry.name)
    folders = folders_of(entry.name for entry in files)
    _check(files, folders)
    if path.exists() and not path.is_file():
        raise PackError(str(path), "is there, and no plain file; give another name")
    try:
        with _replacing(path) as part, zipfile.ZipFile(part, "w") as archive:
            for folder in folders:
                archive.writestr(_header(folder, stat.S_IFDIR | 0o755), b"")
            for entry in files:
                _add(archive, entry, progress or (lambda done: None))
    except OSError as error:
        raise PackError(str(path), f"cannot be written: {error.strerror or error}") from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file, which is called so when the block ends well, and else is gone. Of two who write
    at the same time the last one is there, as a whole."""
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _check(files: list[Entry], folders: list[str]) -> None:
    names = [*folders, *(entry.name for entry in files)]
    for name in names:
        if reason := refused_name(name):
            raise PackError(ascii(name)[1:-1] if not name.isprintable() else name, reason)
    for one, other in pairwise(files):
        if one.name == other.name:
            raise PackError(one.name, "there are two files of this name; rename yours")
    for entry in files:
        if f"{entry.name}/" in folders:
            raise PackError(entry.name, "is a file and a folder; rename yours")


def _header(name: str, mode: int) -> zipfile.ZipInfo:
    header = zipfile.ZipInfo(name, _TIME)
    header.create_system = _UNIX
    header.external_attr = mode << 16 | (0x10 if stat.S_ISDIR(mode) else 0)
    return header


def _add(archive: zipfile.ZipFile, entry: Entry, progress: Callable[[int], None]) -> None:
    header = _header(entry.name, stat.S_IFREG | (0o755 if entry.executable else 0o644))
    stored = entry.name.lower().endswith(_PACKED)
    header.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    if isinstance(entry.content, bytes):
        archive.writestr(header, entry.content)
        progress(len(entry.content))
        return
    try:
        header.file_size = entry.size  # so that it is known whether it needs Zip64
        content = entry.content.open("rb")
    except OSError as error:
        raise PackError(str(entry.content), f"cannot be read: {error.strerror}") from error
    with content, archive.open(header, "w") as target:
        _copy(entry, content, target, progress)  # type: ignore[arg-type]


def _copy(
    entry: Entry, content: BinaryIO, target: BinaryIO, progress: Callable[[int], None]
) -> None:
    while True:
        try:
            chunk = content.read(_CHUNK)
        except OSError as error:
            raise PackError(str(entry.content), f"cannot be read: {error.strerror}") from error
        if not chunk:
            return
        target.write(chunk)
        progress(len(chunk))
