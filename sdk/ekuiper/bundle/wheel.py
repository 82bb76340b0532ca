"""Our own wheel, made from the installed package: a plugin carries this SDK with it.

No index has it, so nothing is asked for over a network. From an editable install, a checkout on
the path, and site-packages come the same bytes.
"""

import base64
import hashlib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from ..errors import PackError
from .archive import Entry, write_archive

__all__ = ["own_files", "own_version", "write_own_wheel"]

_NAME = "ekuiper"
_PACKAGE = Path(__file__).resolve().parents[1]
_INIT = _PACKAGE / "__init__.py"
_WHEEL = b"Wheel-Version: 1.0\nGenerator: ekuiper\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_KEPT = ("METADATA", "entry_points.txt")
_LEFT_OUT = ("__pycache__",)


def own_version() -> str:
    """The version of this package. Raises `PackError` where it was not installed."""
    return _distribution().version


def own_files() -> list[Entry]:
    """What the wheel holds, in the order of names: the package and its `.dist-info`, `RECORD`
    included."""
    entries = sorted([*_modules(), *_information()], key=lambda entry: entry.name)
    record = f"{_information_folder()}/RECORD"
    lines = [_line(entry) for entry in entries] + [f"{record},,"]
    text = "".join(f"{line}\n" for line in lines)
    return [*entries, Entry(record, text.encode())]


def write_own_wheel(folder: Path) -> Path:
    """Write the wheel into this folder; returns its path."""
    path = folder / f"{_NAME}-{own_version()}-py3-none-any.whl"
    write_archive(path, own_files())
    return path


def _distribution() -> metadata.Distribution:
    try:
        found = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError as error:
        reason = "is not installed, so it has no version; pip install it (-e will do)"
        raise PackError(_NAME, reason) from error
    for file in found.files or ():
        if file.as_posix() == f"{_NAME}/__init__.py" and not _INIT.samefile(Path(file.locate())):
            raise PackError(_NAME, f"{file.locate()} is another package of this name; remove it")
    return found


def _information_folder() -> str:
    return f"{_NAME}-{own_version()}.dist-info"


def _modules() -> Iterable[Entry]:
    for path in _PACKAGE.rglob("*"):
        name = path.relative_to(_PACKAGE.parent)
        if path.is_file() and not set(name.parts) & set(_LEFT_OUT):
            yield Entry(name.as_posix(), path)


def _information() -> Iterable[Entry]:
    """METADATA and what else says the same wherever it was installed."""
    found = _distribution()
    folder = _information_folder()
    yield Entry(f"{folder}/WHEEL", _WHEEL)
    for name in _KEPT:
        if text := found.read_text(name):
            yield Entry(f"{folder}/{name}", text.encode())
    for each in found.files or ():
        if "licenses" in each.parts and each.parts[0].endswith(".dist-info"):
            place = "/".join(each.parts[1:])
            yield Entry(f"{folder}/{place}", each.read_binary())


def _line(entry: Entry) -> str:
    content = entry.content if isinstance(entry.content, bytes) else entry.content.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{entry.name},sha256={digest},{len(content)}"
