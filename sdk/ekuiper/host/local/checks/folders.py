"""Folders of sockets and of our private files, and the room on disks."""

import stat
from collections.abc import Iterator

from ..machine import Machine, Room
from .finding import Finding, error, user, warning, well

__all__ = ["check_folders"]

_LONGEST = 40  # bytes of the folder's path, of 107 that a socket may have
_TIGHT = 100_000_000
_FULL = 10_000_000
_FEW_FILES = 1000


def check_folders(machine: Machine) -> Iterator[Finding]:
    """Whether sockets can be made, and files written."""
    yield _sockets(machine)
    yield from _moved(machine)
    yield _runtime(machine)
    for room in machine.rooms:
        yield _room(room)


def _sockets(machine: Machine) -> Finding:
    folder, path = machine.sockets, machine.sockets.path
    if folder.mode is None:
        fix = f"Make it: mkdir -m 1777 {path}"
        return error("socket-folder", path, "is not there, but sockets are made in it", fix)
    if not folder.is_folder:
        return error("socket-folder", path, "is no folder", f"Replace it: mkdir -m 1777 {path}")
    if not folder.writable:
        fix = f"Run: chmod 1777 {path} (or, where it is read-only, mount a tmpfs there)"
        reason = f"{user(machine.uid)} cannot make sockets in it"
        return error("socket-folder", path, reason, fix)
    if len(path) > _LONGEST:
        reason = f"its path takes {len(path)} of the 107 bytes that a socket's may have"
        return warning("socket-folder", path, reason, "Choose a shorter EKUIPER_SOCKET_DIR.")
    return well("socket-folder", path, "sockets can be made in it")


def _moved(machine: Machine) -> Iterator[Finding]:
    if machine.moved and machine.hosts:
        reason = "EKUIPER_SOCKET_DIR leads here, but kuiperd has its sockets in /tmp"
        yield error("socket-folder", machine.sockets.path, reason, "Unset EKUIPER_SOCKET_DIR.")


def _runtime(machine: Machine) -> Finding:
    folder, path = machine.runtime, machine.runtime.path
    if folder.uid is None or folder.mode is None:
        return well("private-folder", path, "is made when the first plugin starts")
    if not folder.is_folder or folder.uid != machine.uid:
        what = "a folder" if folder.is_folder else "no folder"
        reason = f"belongs to {user(folder.uid)} and is {what}; functions cannot be locked in it"
        return error("private-folder", path, reason, f"Remove it: rm -r {path}")
    if stat.S_IMODE(folder.mode) & 0o077:
        reason = f"others may look into it (mode {stat.S_IMODE(folder.mode):04o})"
        return warning("private-folder", path, reason, f"Run: chmod 700 {path}")
    return well("private-folder", path, f"belongs to {user(folder.uid)} alone")


def _room(room: Room) -> Finding:
    text = f"{room.free / 1e6:,.0f} MB are free"
    fix = "Remove what is not needed, such as old logs and uploads of eKuiper."
    if room.files is not None and room.files < _FEW_FILES:
        reason = f"there is room for {room.files} more files ({text})"
        return (
            error("disk", room.path, reason, fix)
            if not room.files
            else warning("disk", room.path, reason, fix)
        )
    if room.free < _FULL:
        return error("disk", room.path, f"only {text}", fix)
    if room.free < _TIGHT:
        return warning("disk", room.path, f"only {text}", fix)
    return well("disk", room.path, text)
