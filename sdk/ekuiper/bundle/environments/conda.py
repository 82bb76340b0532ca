"""An environment of conda, which is there on the host under a name."""

import json
import re

from ...errors import PackError
from ..archive import Entry
from .made import LIBRARY, Made, Making, own_library

__all__ = ["FILE", "make"]

FILE = "environment.yml"
"""What `conda env create -f` takes; the author's own, if the project has one."""

_NAME = re.compile(r"^name:\s*['\"]?([^'\"#\s]+)", re.MULTILINE)
_GOOD = re.compile(r"[A-Za-z0-9_.-]+")


def make(making: Making, name: str) -> Made:
    """Our own package, and what the environment `name` is made of."""
    if _GOOD.fullmatch(name) is None or name.startswith("-"):
        raise PackError("--env conda", f"{name!r} is no name of an environment")
    own = making.project.folder / FILE
    entries = own_library()
    notes = []
    if own.is_file():
        found = _NAME.search(own.read_text("utf-8", "replace"))
        if found is None or found[1] != name:
            is_called = f"is called {found[1]!r}" if found else "has no name"
            notes.append(f"the environment in {FILE} {is_called}, and the plugin runs in {name!r}")
    else:
        entries.append(Entry(FILE, _text(making, name).encode()))
    notes.append(
        f"on the host, once, as the user that runs eKuiper: conda env create -n {name} -f "
        f"plugins/portable/{making.project.name}/{FILE}"
    )
    return Made(entries, {"library": LIBRARY, "wrapped": True}, notes, conda=name)


def _text(making: Making, name: str) -> str:
    lines = [f"name: {name}", "channels:", "  - conda-forge", "dependencies:"]
    lines += [f"  - python={making.target.python}"]
    if making.requirements:
        lines += ["  - pip", "  - pip:"]
        lines += [f"      - {json.dumps(each)}" for each in making.requirements]
    return "".join(f"{line}\n" for line in lines)
