"""What an environment adds to a pack."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..archive import Entry
from ..project import Project
from ..wheel import own_files
from .target import Target

__all__ = ["LIBRARY", "Made", "Making", "own_library"]

LIBRARY = "lib"
"""The folder in a pack of the packages it brings along."""


@dataclass(frozen=True)
class Making:
    """What is to be made: for `project`, whose `requirements` are without what is ours, in the
    folder `work`, which is removed when the pack is written. `say` is told what is at hand."""

    project: Project
    requirements: Sequence[str]
    target: Target
    work: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """Files for the pack, what its launcher carries (see `Carried`), and notes for the author."""

    entries: Sequence[Entry]
    carried: Mapping[str, str | bool] = field(default_factory=dict)
    notes: Sequence[str] = ()
    conda: str | None = None


def own_library() -> list[Entry]:
    """Our own package, unpacked."""
    files = own_files()
    return [Entry(f"{LIBRARY}/{each.name}", each.content) for each in files]
