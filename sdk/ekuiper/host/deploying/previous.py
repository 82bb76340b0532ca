"""The edition that a host has now, to be put back if the next one fails."""

from pathlib import PurePosixPath
from typing import NamedTuple

from ...errors import RestError
from ..rest import Rest
from ..rest.plugins import Plugin, installed_from
from ..rest.uploads import file_url
from .record import Record

__all__ = ["Previous", "basename", "find_previous"]


class Previous(NamedTuple):
    """What is installed, and the archive it can be installed from again; "" if there is none to be
    found, for the reason given."""

    plugin: Plugin
    url: str
    reason: str = ""


def find_previous(rest: Rest, installed: Plugin, stored: list[str], record: Record) -> Previous:
    """What the host itself says it was installed from goes first: somebody else may have deployed
    since. Our record is for hosts that do not say."""
    try:
        url = installed_from(rest).get(installed.name, "")
        reason = "" if url else "the host does not know what it was installed from"
    except RestError as error:
        url, reason = "", f"the host does not say what it was installed from ({error.body})"
    if not url:
        editions = record.editions(rest.place, installed.name)
        known = [each.url for each in editions if _is_there(each.url, stored)]
        return Previous(installed, known[-1]) if known else Previous(installed, "", reason)
    if not _is_there(url, stored):
        return Previous(installed, "", f"{url}, which it was installed from, is gone")
    return Previous(installed, url)


def basename(url: str) -> str:
    return PurePosixPath(url.replace("\\", "/")).name


def _is_there(url: str, stored: list[str]) -> bool:
    """Whether the host can install from there again, as far as can be known: what is in its own
    folder of uploads it tells."""
    if not url.startswith("file://") or any(file_url(path) == url for path in stored):
        return True
    folder = url.removeprefix("file://").rpartition("/")[0]
    folders = {path.rpartition("/")[0] for path in stored}
    return folder not in folders and not folder.endswith("/uploads")
