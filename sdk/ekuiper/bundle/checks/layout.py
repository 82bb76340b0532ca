"""Whether every host can lay the entries of an archive out into files."""

import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import PurePosixPath

from ..archive import refused_name
from ..contents import rule_for
from ..planning import misplaced
from . import rules
from .finding import Finding, Rule
from .model import Bundle, Member

__all__ = ["METADATA_FOLDERS", "check_layout", "without_top_folder"]

METADATA_FOLDERS = ("sources/", "sinks/", "functions/")
"""What is in these does not go to the plugin's folder: hosts keep it with their settings."""

_LARGE = 500 << 20
_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_LITTER = ("cache", "environment", "version control", "editor")
_MAC_LITTER = "__MACOSX"


def without_top_folder(bundle: Bundle) -> tuple[Bundle, list[Finding]]:
    """The bundle as it was meant, if a whole plugin lies in a folder of it."""
    names = [member.name for member in bundle.members]
    if any(_is_json(name) for name in names):
        return bundle, []
    tops = {name.partition("/")[0] for name in names if not name.startswith(f"{_MAC_LITTER}/")}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    if not top or not any(name.startswith(top) and _is_json(name[len(top) :]) for name in names):
        return bundle, []
    members = tuple(
        replace(member, name=member.name[len(top) :])
        for member in bundle.members
        if member.name.startswith(top) and member.name != top
    )
    reason = f"lies in the folder {top}; eKuiper looks for <name>.json at the top of the zip"
    fix = f"Zip what is in {top}, not the folder itself: cd {top} && zip -r ../plugin.zip ."
    return replace(bundle, members=members, prefix=top), [
        rules.TOP_FOLDER(top, f"everything {reason}", fix)
    ]


def check_layout(bundle: Bundle) -> Iterator[Finding]:
    """Names, kinds, modes, order and size of the entries."""
    for member in bundle.members:
        yield from _check_name(bundle, member)
        yield from _check_kind(bundle, member)
    yield from _check_collisions(bundle)
    yield from _check_folders(bundle)
    yield from _check_leftovers(bundle)
    total = sum(member.size for member in bundle.members)
    if total > _LARGE:
        reason = f"unpacks to {total >> 20} MiB; a host holds it two times while it installs it"
        fix = "Leave out what is not needed, or put large files on the device by other means."
        yield rules.LARGE(bundle.place, reason, fix)


def _is_json(name: str) -> bool:
    return "/" not in name and name.endswith(".json")


def _check_name(bundle: Bundle, member: Member) -> Iterator[Finding]:
    place, name = bundle.at(member.name), member.name
    parts = name.split("/")
    if not member.encoded:
        reason = "its name is no UTF-8, so that it is another on each machine"
        yield rules.NAME_ENCODING(place, reason, "Rename it, with ASCII letters at best.")
    elif name.startswith("/"):
        reason = "its name begins with /; eKuiper refuses it from 2.2 on"
        yield rules.ABSOLUTE_PATH(place, reason, "Make names relative to the plugin's folder.")
    elif ".." in parts:
        reason = "its name climbs up by ..; old hosts write outside the plugin, new ones refuse it"
        yield rules.PATH_ESCAPES(place, reason, "Make names relative to the plugin's folder.")
    elif "\\" in name:
        reason = "its name has backslashes, which are no separators of folders in a zip"
        yield rules.BACKSLASH(place, reason, 'Make the zip with "/" in names; ekuiper pack does.')
    elif reason := refused_name(name):
        yield rules.ENTRY_NAME(place, reason, "Rename it.")


def _check_kind(bundle: Bundle, member: Member) -> Iterator[Finding]:
    place = bundle.at(member.name)
    if member.is_link:
        reason = "is a symbolic link; old hosts make a file of its target's name, new ones refuse"
        yield rules.SYMLINK(place, reason, "Put the file itself there; ekuiper pack does.")
    elif member.is_misnamed:
        reason = "has the type of a folder, and the name of a file"
        yield rules.SPECIAL_FILE(place, reason, "Make the zip anew; names of folders end with /.")
    elif member.is_special:
        yield rules.SPECIAL_FILE(place, "is a device, pipe or socket", "Leave it out.")
    elif member.mode & _SPECIAL_BITS and member.is_file:
        reason = f"has the mode {stat.S_IMODE(member.mode):04o}; eKuiper refuses it from 2.2 on"
        yield rules.SPECIAL_MODE(place, reason, f"chmod a-s,-t {member.name}")
    elif member.is_file and not member.mode & stat.S_IRUSR:
        reason = f"has the mode {stat.S_IMODE(member.mode):04o}, which a host keeps; none can read"
        yield rules.UNREADABLE(place, reason, f"chmod 644 {member.name}, and make the zip anew.")


def _check_collisions(bundle: Bundle) -> Iterator[Finding]:
    counts = Counter(member.name for member in bundle.members)
    for name, count in counts.items():
        if count > 1 and not name.endswith("/"):
            fix = "Make the zip anew: adding to an old one leaves both in it."
            yield rules.DUPLICATE_ENTRY(bundle.at(name), f"is there {count} times", fix)
    folders = {str(parent) for name in counts for parent in PurePosixPath(name).parents}
    folders |= {name[:-1] for name in counts if name.endswith("/")}
    for name in counts:
        if name in folders:
            reason = "is a file, and a folder that other entries are in"
            yield rules.FILE_AND_FOLDER(bundle.at(name), reason, "Rename the file.")


def _check_folders(bundle: Bundle) -> Iterator[Finding]:
    """eKuiper 2.4 makes the folder that an entry is in, but not the one above that."""
    made = {"", *(folder[:-1] for folder in METADATA_FOLDERS)}
    told: set[str] = set()
    for member in bundle.members:
        folder = member.name[:-1] if member.is_folder else member.name.rpartition("/")[0]
        above = folder.rpartition("/")[0]
        if above not in made and above not in told and not refused_name(member.name):
            reason = f"there is no entry {above}/ before {member.name}"
            fix = "Make the zip with ekuiper pack, or with zip -r, which write folders first."
            yield rules.FOLDER_ENTRY(bundle.at(f"{above}/"), reason, fix)
            told.update(_with_parents(above))
        made.add(folder)


def _with_parents(folder: str) -> Iterable[str]:
    return accumulate(folder.split("/"), lambda above, name: f"{above}/{name}")


def _check_leftovers(bundle: Bundle) -> Iterator[Finding]:
    told = set()
    for member in bundle.members:
        name = member.name
        if misplaced([name]):
            folder = name.partition("/")[0]
            reason = f"eKuiper keeps {folder}/ elsewhere, so that it is not beside the plugin"
            fix = f"Move it to a folder with another name than {folder}."
            yield rules.MISPLACED(bundle.at(name), reason, fix)
        for part, rule, reason, fix in _unwanted(name):
            if part not in told:
                told.add(part)
                yield rule(bundle.at(part), reason, fix)


def _unwanted(name: str) -> Iterator[tuple[str, Rule, str, str]]:
    """The first part of a name that has no business in an archive."""
    paths = list(_with_parents(name.removesuffix("/")))
    for path in paths:
        folder = path != paths[-1] or name.endswith("/")
        last = path.rpartition("/")[2]
        found = rule_for(last, folder=folder)
        shown = f"{path}/" if folder else path
        if found is not None and found.kind == "secret":
            reason = "looks like a secret; whoever has the zip, or the host, can read it"
            yield shown, rules.SECRET, reason, "Leave it out, and put it on the device by hand."
            return
        if last == _MAC_LITTER or (found is not None and found.kind in _LITTER):
            kind = found.kind if found is not None else "macOS"
            yield shown, rules.LITTER, f"is of no use on a host ({kind})", "Leave it out."
            return
