"""Everything the plugin imports, unpacked into the pack."""

import os
import shutil
from pathlib import Path

from ...errors import PackError
from ...runtime.environment.wheels import Wheel, unpack, wheel_name
from ..archive import Entry
from .fetching import fetch, install_with_uv, uv_knows
from .made import LIBRARY, Made, Making, own_library
from .target import Target

__all__ = ["made_for", "make"]

_TRACES = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def make(making: Making) -> Made:
    """By uv if that is there and knows the target, else by pip."""
    if not making.requirements:
        return Made(own_library(), {"library": LIBRARY}, ["the plugin asks for no packages"])
    library = making.work / LIBRARY
    library.mkdir()
    if uv := uv_knows(making.target):
        making.say(f"uv fetches packages for {making.target}")
        install_with_uv(uv, making.requirements, making.target, library, making.work)
        wheels = _tidy(library, making.target)
        ours = []
    else:
        making.say(f"pip fetches packages for {making.target}")
        (making.work / "wheels").mkdir()
        paths = fetch(making.requirements, making.target, making.work / "wheels")
        for path in paths:
            unpack(path, library, making.work / "prefix")
        wheels = [wheel_name(path) for path in paths]
        ours = own_library()
    names = ", ".join(str(wheel) for wheel in wheels)
    notes = [f"{LIBRARY}/ is for {making.target}: {names}"]
    carried = {"library": LIBRARY, **made_for(wheels, making.target)}
    return Made([*ours, *_entries(library)], carried, notes)


def made_for(wheels: list[Wheel], target: Target) -> dict[str, str]:
    """Where alone they can be loaded, as far as they say so."""
    found = {}
    if any(wheel.platform != "any" for wheel in wheels):
        found["machine"] = target.machine
    if any(wheel.abi not in ("none", "abi3") for wheel in wheels):
        found["python"] = target.python
    return found


def _entries(library: Path) -> list[Entry]:
    found = []
    for path in library.rglob("*"):
        name = path.relative_to(library)
        if path.is_file() and "__pycache__" not in name.parts:
            found.append(Entry(f"{LIBRARY}/{name.as_posix()}", path, os.access(path, os.X_OK)))
    return found


def _tidy(library: Path, target: Target) -> list[Wheel]:
    """Remove what is another each time, and programs; what else there is, but for our own."""
    shutil.rmtree(library / "bin", ignore_errors=True)
    (library / ".lock").unlink(missing_ok=True)
    wheels = []
    for information in sorted(library.glob("*.dist-info")):
        for name in _TRACES:
            (information / name).unlink(missing_ok=True)
        _tidy_record(information / "RECORD")
        wheel = _wheel(information, target)
        if wheel.name != "ekuiper":
            wheels.append(wheel)
    return wheels


def _tidy_record(record: Path) -> None:
    lines = record.read_text("utf-8").splitlines() if record.is_file() else []
    gone = tuple(f".dist-info/{name}" for name in _TRACES)
    kept = [
        line
        for line in lines
        if not line.split(",")[0].endswith(gone) and not line.startswith(("bin/", "../"))
    ]
    record.write_text("".join(f"{line}\n" for line in sorted(kept)), encoding="utf-8")


def _wheel(information: Path, target: Target) -> Wheel:
    """What was unpacked, of those tags that can be loaded there. Raises `PackError` for none."""
    name, _, version = information.name.removesuffix(".dist-info").rpartition("-")
    lines = (information / "WHEEL").read_text("utf-8").splitlines()
    tags = [line.partition(": ")[2].split("-") for line in lines if line.startswith("Tag: ")]
    for python, abi, platform in tags:
        wheel = Wheel(name, version, python, abi, platform)
        if target.loads(wheel):
            return wheel
    raise PackError(name, f"{version} cannot be loaded by {target}: it is for {tags}")
