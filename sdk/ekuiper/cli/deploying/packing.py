"""A folder packed on its way to a host."""

from pathlib import Path

from rich.console import Console

from ...bundle.pack import Environment, pack
from ...bundle.project import Project
from ..packing.progress import showing
from ..packing.report import print_packed

__all__ = ["packed"]


def packed(
    folder: Path, environment: Environment, console: Console, *, quiet: bool, live: bool
) -> Path:
    """The zip of the plugin in `folder`, just written where `ekuiper pack` writes it. Raises what
    `pack` raises."""
    project = Project.load(folder)
    with showing(console, quiet=quiet, live=live) as (say, count):
        made = pack(project, environment=environment, say=say, progress=count)
    if not quiet:
        print_packed(console, made)
    return made.path
