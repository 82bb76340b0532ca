"""Whether a host finds the executable, and may run it."""

import posixpath
import stat
from collections.abc import Iterator

from ..manifest import Manifest
from . import rules
from .finding import Finding
from .layout import METADATA_FOLDERS
from .model import Bundle

__all__ = ["check_executable", "check_install_script"]

_NETWORK = ("pip", "pip3", "apt", "apt-get", "apk", "yum", "dnf", "curl", "wget", "conda", "git")


def check_executable(bundle: Bundle, manifest: Manifest, place: str) -> Iterator[Finding]:
    """`place` is where the manifest names it."""
    named = manifest.executable
    if not named:
        fix = 'Name the script to run: "executable": "main.py".'
        yield rules.NO_EXECUTABLE(place, "no executable is named", fix)
        return
    clean = posixpath.normpath(named)
    if clean != named or named.startswith(("/", "../", *METADATA_FOLDERS)):
        reason = f"{named!r} is compared with the names of entries, and found on no host, or some"
        own = clean.lstrip("/.").removeprefix("/")
        fix = f'Put the script into the plugin\'s folder and write "executable": "{own}".'
        yield rules.EXECUTABLE_PATH(place, reason, fix)
        return
    member = bundle.files.get(named)
    if member is None and any(each.name == named for each in bundle.members):
        return  # what it is instead of a file is told where entries are checked
    if member is None:
        near = [name for name in bundle.files if name.lower() == named.lower()]
        hint = f"; there is {near[0]!r}" if near else ""
        reason = f"there is no file {named!r}{hint}"
        yield rules.NO_EXECUTABLE(place, reason, "Add it, or correct its name in the manifest.")
        return
    first = member.read().partition(b"\n")[0]
    if manifest.language == "go" and not member.mode & stat.S_IXUSR:
        reason = f"has the mode {stat.S_IMODE(member.mode):04o}; eKuiper runs it as a program"
        yield rules.EXECUTABLE_MODE(bundle.at(named), reason, f"chmod 755 {named}")
    if first.startswith(b"#!") and first.endswith(b"\r"):
        reason = "begins with #! and a Windows line end; run by hand, its interpreter is not found"
        yield rules.SHEBANG(bundle.at(named, 1), reason, "Save it with Unix line ends (LF).")


def check_install_script(bundle: Bundle) -> Iterator[Finding]:
    """`install.sh` is run by /bin/sh when the plugin is installed."""
    member = bundle.files.get("install.sh")
    if member is None:
        return
    lines = member.text().split("\n")
    if any(line.endswith("\r") for line in lines):
        reason = "has Windows line ends, which /bin/sh takes for a part of words"
        fix = "Save it with Unix line ends (LF)."
        yield rules.INSTALL_SCRIPT(bundle.at("install.sh"), reason, fix)
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        used = [word for word in words if word in _NETWORK]
        if used:
            reason = f"runs {used[0]}, which needs a network, and rights, on every device"
            fix = "Ship what is needed: ekuiper pack --env vendor or --env venv."
            yield rules.INSTALL_NETWORK(bundle.at("install.sh", number), reason, fix)
            return
