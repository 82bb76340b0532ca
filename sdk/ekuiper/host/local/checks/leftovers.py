"""What ended hosts and plugins left behind: sockets and processes."""

from collections.abc import Iterator, Sequence

from ..machine import Machine, Orphan
from ..sockets import SocketFile
from .finding import Finding, error, user, warning, well

__all__ = ["check_leftovers"]

_FEW = 5  # that are named
_MOST = 30  # that are removed at a time


def check_leftovers(machine: Machine) -> Iterator[Finding]:
    """Sockets that nobody listens at, and plugins whose host is gone."""
    stale = [each for each in machine.files if not each.listened]
    users = {host.uid for host in machine.hosts}
    blocking = [each for each in stale if users and not users & {0, each.uid}]
    harmless = [each for each in stale if each not in blocking]
    if blocking:
        owners = " and ".join(sorted({user(each.uid) for each in blocking}))
        reason = f"left by {owners}, who alone may replace it: {_names(blocking)}"
        yield error("stale-sockets", machine.sockets.path, reason, _remove(blocking, machine.uid))
    if harmless:
        reason = f"nobody listens at {_names(harmless)}"
        yield warning("stale-sockets", machine.sockets.path, reason, _remove(harmless, machine.uid))
    if not stale:
        reason = f"no stale ones among {len(machine.files)} sockets of eKuiper"
        yield well("stale-sockets", machine.sockets.path, reason)
    yield from map(_orphan, machine.orphans)
    if not machine.orphans and machine.proc:
        yield well("orphans", "processes", "none of a plugin whose host is gone")


def _orphan(orphan: Orphan) -> Finding:
    reason = (
        f"a plugin of {user(orphan.uid)} whose host is gone: {orphan.command}; where a new host "
        "has that plugin, both answer it"
    )
    return error("orphans", f"process {orphan.pid}", reason, f"End it: kill {orphan.pid}")


def _names(files: Sequence[SocketFile]) -> str:
    shown = ", ".join(each.path.rpartition("/")[2] for each in files[:_FEW])
    more = len(files) - _FEW
    return f"{shown} and {more} more" if more > 0 else shown


def _remove(files: Sequence[SocketFile], uid: int) -> str:
    """A command that removes them, or as many as a screen has room for; for our user `uid`, who
    can do so with own files, unless that is root."""
    owners = {each.uid for each in files}
    who = "" if uid == 0 or owners == {uid} else ", as root,"
    command = "rm " + " ".join(_quoted(each.path) for each in files[:_MOST])
    again = "; then look again" if len(files) > _MOST else ""
    return f"Remove{who} what no running rule needs: {command}{again}"


def _quoted(path: str) -> str:
    plain = all(letter.isalnum() or letter in "/._-" for letter in path)
    return path if plain else "'" + path.replace("'", "'\\''") + "'"
