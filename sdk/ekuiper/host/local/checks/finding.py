"""What a check finds."""

from typing import Literal, NamedTuple

__all__ = ["Finding", "Severity", "error", "user", "warning", "well"]

Severity = Literal["ok", "warning", "error"]


class Finding(NamedTuple):
    """One thing that was looked at. With an error, plugins do not work, or not for long."""

    id: str
    severity: Severity
    place: str
    reason: str
    fix: str = ""
    """"" where all is well."""


def well(id: str, place: str, reason: str) -> Finding:
    return Finding(id, "ok", place, reason)


def warning(id: str, place: str, reason: str, fix: str) -> Finding:
    return Finding(id, "warning", place, reason, fix)


def error(id: str, place: str, reason: str, fix: str) -> Finding:
    return Finding(id, "error", place, reason, fix)


def user(uid: int) -> str:
    """`root` or `user 1001`: names of users in containers would be those of another machine."""
    return "root" if uid == 0 else f"user {uid}"
