"""A zip as a bundle, and what eKuiper's zip reader would not take of it."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import rules
from .finding import Finding
from .model import Bundle, Member

__all__ = ["OpenZip", "open_zip"]

_UNIX = (3, 19)  # systems that entries are made on: Unix, macOS
_ENCRYPTED = 0x1
_UTF8 = 0x800
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_OTHERS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstandard", 95: "xz", 98: "ppmd"}
_CHUNK = 1 << 20
_MOST = 16 << 30  # bytes unpacked; of more not even the reading is waited for
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class OpenZip:
    """What a zip holds, without what cannot be read of it; that is in the findings."""

    bundle: Bundle
    findings: tuple[Finding, ...]


@contextmanager
def open_zip(path: Path) -> Iterator[OpenZip]:
    """Read all of a zip once, in pieces. Its members can be read until the end of the block.

    Raises `OSError` when there is no such file.
    """
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGE as error:
            # A file that cannot be read is told by `open` above.
            yield OpenZip(Bundle(path.name, ()), (_no_zip(path, error),))
            return
        with archive:
            yield _looked_through(path, archive)


def _no_zip(path: Path, error: Exception) -> Finding:
    return rules.NOT_A_ZIP(
        path.name, f"cannot be read as a zip: {error}", "Make it anew, with ekuiper pack."
    )


def _looked_through(path: Path, archive: zipfile.ZipFile) -> OpenZip:
    findings = []
    members = []
    if path.suffix != ".zip":
        fix = f"Call it {path.stem}.zip: eKuiper installs nothing else."
        findings.append(rules.ZIP_SUFFIX(path.name, "its name does not end with .zip", fix))
    total = sum(info.file_size for info in archive.infolist())
    if total > _MOST:
        reason = f"would unpack to {total >> 30} GiB, which no device has room for"
        return OpenZip(
            Bundle(path.name, ()), (rules.TOO_LARGE(path.name, reason, "Make it anew."),)
        )
    for info in archive.infolist():
        member = _member(archive, info)
        found = _unreadable(archive, info, member.name)
        findings += [found] if found else []
        if found is None:
            members.append(member)
    return OpenZip(Bundle(path.name, tuple(members)), tuple(findings))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name, encoded = _name(info)
    mode = info.external_attr >> 16 if info.create_system in _UNIX else 0o666
    return Member(name, mode, info.file_size, lambda: archive.open(info), encoded)


def _name(info: zipfile.ZipInfo) -> tuple[str, bool]:
    """As a host sees it, with all characters; and whether it is UTF-8, said or not."""
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name, True
    raw = name.encode("cp437")  # what `zipfile` took it for
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), False


def _unreadable(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Finding | None:
    if info.flag_bits & _ENCRYPTED:
        reason = "is encrypted, and eKuiper has no password"
        return rules.ENCRYPTED_ENTRY(name, reason, "Make the zip without a password.")
    if info.compress_type not in _METHODS:
        method = _OTHERS.get(info.compress_type, f"method {info.compress_type}")
        reason = f"is compressed by {method}; eKuiper unpacks deflate and stored entries only"
        return rules.COMPRESSION(name, reason, "Make the zip with deflate, the usual method.")
    try:
        with archive.open(info) as content:
            size = sum(map(len, iter(lambda: content.read(_CHUNK), b"")))
    except _DAMAGE as error:
        return rules.CORRUPT_ENTRY(name, f"cannot be unpacked: {error}", "Make the zip anew.")
    if size == info.file_size:
        return None
    reason = f"unpacks to {size} bytes, but is said to have {info.file_size}"
    return rules.CORRUPT_ENTRY(name, reason, "Make the zip anew.")
