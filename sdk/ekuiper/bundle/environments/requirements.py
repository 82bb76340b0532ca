"""What a plugin asks for, without what every pack has."""

import re
from collections.abc import Iterable

from ..wheel import own_version

__all__ = ["package_of", "without_ours"]

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def package_of(requirement: str) -> str:
    """`orjson` of `Orjson[x]>=3.10; python_version<"3.12"`, as indexes write it."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else requirement.strip()


def without_ours(requirements: Iterable[str]) -> tuple[list[str], list[str]]:
    """The requirements but for `ekuiper` and `pynng`, whose place our wheel takes, and a note for
    each of these."""
    kept, notes = [], []
    for requirement in requirements:
        package = package_of(requirement)
        if package == "ekuiper":
            notes.append(f"{requirement!r} is ekuiper {own_version()}, which the pack brings along")
        elif package == "pynng":
            notes.append(f"{requirement!r} is left out: ekuiper {own_version()} needs no pynng")
        else:
            kept.append(requirement)
    return kept, notes
