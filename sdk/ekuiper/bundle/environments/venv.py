"""Wheels, of which the host makes an environment at the plugin's first start."""

from ...runtime.carried import ENVIRONMENT, LOCK
from ...runtime.environment.wheels import digest_of, wheel_name
from ..archive import Entry
from .fetching import fetch
from .made import LIBRARY, Made, Making, own_library
from .vendor import made_for

__all__ = ["WHEELS", "make"]

WHEELS = "wheels"
"""The folder in a pack of the wheels and their lock."""


def make(making: Making) -> Made:
    """By pip, which uv runs where it is not installed."""
    folder = making.work / WHEELS
    folder.mkdir()
    paths = []
    if making.requirements:
        making.say(f"pip fetches wheels for {making.target}")
        paths = fetch(making.requirements, making.target, folder)
    wheels = [wheel_name(path) for path in paths]
    lines = [
        f"{wheel.name}=={wheel.version} --hash=sha256:{digest_of(path)}"
        for wheel, path in zip(wheels, paths, strict=True)
    ]
    head = "# What ekuiper makes .venv of; the same as: pip install --no-index --no-deps -f . -r"
    lock = "".join(f"{line}\n" for line in [f"{head} {LOCK}", *lines])
    entries = [
        *own_library(),
        *(Entry(f"{WHEELS}/{path.name}", path) for path in paths),
        Entry(f"{WHEELS}/{LOCK}", lock.encode()),
    ]
    names = ", ".join(str(wheel) for wheel in wheels) or "nothing"
    note = f"{ENVIRONMENT}/ is made on the host at the first start: {making.target}, {names}"
    return Made(
        entries, {"library": LIBRARY, "wheels": WHEELS, **made_for(wheels, making.target)}, [note]
    )
