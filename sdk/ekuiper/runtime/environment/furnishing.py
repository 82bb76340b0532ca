"""A virtual environment, made of wheels alone."""

import fcntl
import os
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..carried import ENVIRONMENT
from .building import STAMP
from .wheels import locked, unpack, wheel_name

__all__ = ["alone", "make"]


@contextmanager
def alone(wheels: str) -> Iterator[None]:
    """Only one process at a time; before an update has ended the one before it, there may be
    two."""
    lock = os.open(wheels, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def make(wheels: str, library: str, identity: str, report: Callable[[str, str], None]) -> None:
    """Make it, in place of what is there; the stamp with the `identity` comes last, so that one
    which was not finished is made again."""
    house = Path(wheels)
    folder = house.parent / ENVIRONMENT
    found = locked(house)
    version = ".".join(map(str, sys.version_info[:3]))
    count = f"{len(found)} wheel{'' if len(found) == 1 else 's'}"
    report("INFO", f"making {folder} for Python {version} of {count}")
    if sys.version_info < (3, 11):  # which takes the environment it runs in for the base
        sys._base_executable = os.path.realpath(sys.executable)  # type: ignore[attr-defined]
    venv.EnvBuilder(clear=True, symlinks=True).create(folder)
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages /= "site-packages"
    for number, path in enumerate(found, 1):
        report("INFO", f"unpacking {wheel_name(path)} ({number} of {len(found)})")
        unpack(path, packages, folder, str(folder / "bin" / "python"))
    (packages / "ekuiper-library.pth").write_text(f"{library}\n", encoding="utf-8")
    (folder / STAMP).write_text(identity, encoding="utf-8")
    report("INFO", f"{folder} is made")
