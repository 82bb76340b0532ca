"""`ekuiper pack`: a plugin's folder as the zip that eKuiper installs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from ..bundle.pack import default_path, write
from ..bundle.planning import Plan, planned
from ..bundle.project import Project
from ..errors import EkuiperError
from .packing.progress import showing
from .packing.report import print_packed, print_plan
from .shared.console import make_console
from .shared.environments import EnvironmentCommand, environment_of, environment_options
from .shared.jsontext import print_json

__all__ = ["pack"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=EnvironmentCommand)
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@environment_options
@click.option(
    "--out",
    type=_FILE,
    metavar="FILE",
    help="The zip to write; by default DIR/dist/<name>-<version>.zip.",
)
@click.option("--list", "listed", is_flag=True, help="Show what would be in it, write nothing.")
@click.option("--plain", is_flag=True, help="Lines, no bars and colours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def pack(folder: Path, **given: Any) -> None:
    """Make the zip of the plugin in DIR, ready for eKuiper 1.14 to 2.4.

    This SDK goes into the zip, so eKuiper's Python needs nothing but itself. Where the plugin finds
    the packages in its pyproject.toml is said by --env:

    \b
      host    eKuiper's Python has them
      vendor  they are in the zip, for --platform and --python
      venv    their wheels are in the zip; a virtual environment is made of them
              on the host, at the first start and without a network
      conda   the environment NAME of conda, made there of environment.yml

    Files that git ignores, secrets, caches and tests are left out; include and exclude of
    [tool.ekuiper] in pyproject.toml take lines as in a .gitignore. The same input gives the same
    bytes.
    """
    if given["plain"] and given["as_json"]:
        raise click.UsageError("--plain and --json exclude each other")
    environment = environment_of(given["env"], given["platform"], given["python"])
    console = make_console(plain=given["plain"])
    quiet, live = given["as_json"], console.is_terminal and not given["plain"]
    try:
        project = Project.load(folder)
        out = given["out"] or default_path(project)
        with (
            showing(console, quiet=quiet, live=live) as (say, count),
            planned(project, environment, besides=[out], say=say) as plan,
        ):
            packed = None if given["listed"] else write(plan, out, count)
            files = sorted((entry.name, entry.size) for entry in plan.entries)
        if quiet:
            facts = {} if packed is None else _written(packed.path, packed.digest, packed.size)
            print_json({**facts, **_object(plan, files)})
        elif packed is not None:
            print_packed(console, packed)
        else:
            print_plan(console, plan, files)
    except (EkuiperError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _written(path: Path, digest: str, size: int) -> dict[str, Any]:
    return {"path": str(path.resolve()), "sha256": digest, "size": size}


def _object(plan: Plan, files: Iterable[tuple[str, int]]) -> dict[str, Any]:
    return {
        "plugin": plan.manifest.name,
        "version": plan.manifest.version,
        "executable": plan.manifest.executable,
        "files": [{"name": name, "size": size} for name, size in files],
        "left_out": [{"name": each.name, "kind": each.kind} for each in plan.left_out],
        "notes": list(plan.notes),
    }
