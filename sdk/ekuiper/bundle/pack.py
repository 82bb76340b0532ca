"""A plugin's folder made into the zip that eKuiper installs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PackError
from ..runtime.environment.wheels import digest_of
from .archive import write_archive
from .contents import LeftOut
from .manifest import Manifest
from .planning import Environment, Plan, planned
from .project import Project

__all__ = ["Environment", "Packed", "default_path", "pack", "write"]

_ODD = re.compile(r"[^\w.+-]")
_MOST = 100  # characters of a version in the name of a file


@dataclass(frozen=True)
class Packed:
    """A zip that was written. `size` is its own, those of its `entries` are unpacked; `digest` is
    its SHA-256."""

    path: Path
    digest: str
    size: int
    manifest: Manifest
    entries: tuple[tuple[str, int], ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def pack(
    project: Project,
    *,
    environment: Environment | None = None,
    out: Path | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Packed:
    """Write the zip, by default to `default_path`: the same bytes for the same input.

    `say` is told what is at hand, `progress` how many bytes of how many are done. Raises
    `PackError`, and what `declare` and `manifest_of` raise.
    """
    path = out or default_path(project)
    with planned(project, environment or Environment(), besides=[path], say=say) as plan:
        return write(plan, path, progress)


def default_path(project: Project) -> Path:
    """`dist/<name>-<version>.zip` in the project."""
    version = f"-{project.version}" if project.version else ""
    return project.folder / "dist" / f"{project.name}{_ODD.sub('_', version)[:_MOST]}.zip"


def write(plan: Plan, path: Path, progress: Callable[[int, int], None] | None = None) -> Packed:
    """Write what was planned."""
    total, done = plan.size, 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackError(str(path.parent), f"cannot be made: {error.strerror}") from error
    entries = tuple(sorted((entry.name, entry.size) for entry in plan.entries))
    write_archive(path, plan.entries, progress=count)
    size, digest = path.stat().st_size, digest_of(path)
    return Packed(path, digest, size, plan.manifest, entries, plan.left_out, plan.notes)
