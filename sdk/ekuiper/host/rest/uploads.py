"""The files that were uploaded to a real eKuiper."""

from collections.abc import Callable
from html import unescape
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from .client import Rest

__all__ = ["delete_upload", "file_url", "upload", "uploads"]

_PATH = "/config/uploads"


def uploads(rest: Rest) -> list[str]:
    """Their paths on the host."""
    found = rest.get(_PATH)
    if found is None:
        return []
    if not isinstance(found, list):
        raise rest.error(f"GET {_PATH}", "the answer is no list of files; is this eKuiper?")
    return [unescape(str(each)) for each in found]


def upload(rest: Rest, file: Path, name: str, sent: Callable[[int], None] | None = None) -> str:
    """Store a file on the host under this name; returns its path there. What bears the name is
    overwritten."""
    found = rest.send(_PATH, file, name, sent)
    path = unescape(found).strip() if isinstance(found, str) else ""
    if PurePosixPath(path.replace("\\", "/")).name != name:
        raise rest.error(f"POST {_PATH}", f"the answer is no path of the file: {found!r}")
    return path


def delete_upload(rest: Rest, name: str) -> None:
    rest.delete(f"{_PATH}/{quote(name, safe='')}")


def file_url(path: str) -> str:
    """The URL by which the host installs a file of its own."""
    return f"file://{path}"
