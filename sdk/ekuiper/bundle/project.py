"""A plugin's folder on its author's machine."""

from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ManifestError
from .manifest import Manifest, check_name, read_manifest, read_manifest_file
from .table import About, Table, read_table
from .toml import Fields, load_toml

__all__ = ["PYPROJECT", "Project"]

PYPROJECT = "pyproject.toml"
_TABLE = "[tool.ekuiper]"


@dataclass(frozen=True)
class Project:
    """What a folder says of its plugin, without running any of its code.

    There are two kinds: one with a table `[tool.ekuiper]`, be it empty, in its `pyproject.toml`,
    whose manifest is made from its code (a `<name>.json` of one's own goes first); and one with a
    `<name>.json` alone, laid out as eKuiper wants it.
    """

    folder: Path
    """Absolute."""
    name: str
    """The name it is installed under."""
    version: str
    """May be empty."""
    script: Path
    """The plugin file, absolute; it is there. It is what the manifest calls `executable`."""
    language: str = "python"
    python: str = ""
    """`requires-python`, as in ">=3.10"; empty where nothing is said."""
    requirements: tuple[str, ...] = ()
    """`dependencies` of `[project]`, as written."""
    tool: Table = field(default_factory=Table)
    about: About = field(default_factory=About)
    """As the table says, else as `authors` and `urls` of `[project]` do."""
    manifest: Manifest | None = None
    """The author's own `<name>.json`."""

    @classmethod
    def load(cls, folder: Path) -> "Project":
        """Read the project in `folder`. Raises `ManifestError` that says what is missing."""
        folder = folder.resolve()
        path = folder / PYPROJECT
        if not path.is_file():
            return _described(folder, _manifest_in(folder))
        file = Fields(path, "", load_toml(path))
        project = Fields(path, "project", file.table("project"))
        tool = Fields(path, "tool", file.table("tool"), None)
        if "ekuiper" not in file.table("tool"):
            return _described(folder, _manifest_beside(path), project)
        return _declared(path, project, read_table(path, tool.table("ekuiper")))


def _described(folder: Path, manifest: Manifest, project: Fields | None = None) -> Project:
    return Project(
        folder=folder,
        name=manifest.name,
        version=manifest.version,
        script=folder / manifest.executable,
        language=manifest.language,
        python=project.text("requires-python") if project else "",
        requirements=project.texts("dependencies") if project else (),
        manifest=manifest,
    )


def _manifest_in(folder: Path) -> Manifest:
    if folder.is_dir() and not list(folder.glob("*.json")):
        reason = (
            f"holds no <name>.json and no {PYPROJECT} with {_TABLE}; `ekuiper new NAME` makes a "
            "plugin's folder"
        )
        raise ManifestError(str(folder), "", reason)
    return read_manifest(folder)


def _manifest_beside(path: Path) -> Manifest:
    try:
        return read_manifest(path.parent)
    except ManifestError as error:
        if list(path.parent.glob("*.json")):
            raise
        reason = f"has no table {_TABLE}: add one, it may be empty, to make this folder a plugin"
        raise ManifestError(str(path), "", reason) from error


def _declared(path: Path, project: Fields, table: Table) -> Project:
    folder = path.parent
    name = table.name or project.text("name").replace("-", "_").replace(".", "_")
    field = "tool.ekuiper.name" if table.name else "project.name"
    if not name:
        raise ManifestError(str(path), field, "is missing; it names the plugin")
    check_name(str(path), field, name)
    beside = folder / f"{name}.json"
    own = read_manifest_file(beside) if beside.is_file() else None
    return Project(
        folder=folder,
        name=name,
        version=own.version if own else project.text("version"),
        script=_script(path, table, own.executable if own else f"{name}.py"),
        language=own.language if own else "python",
        python=project.text("requires-python"),
        requirements=project.texts("dependencies"),
        tool=table,
        about=_about(project, table.about),
        manifest=own,
    )


def _about(project: Fields, said: About) -> About:
    author: dict[str, str] = next(iter(project.tables("authors")), {})
    urls = project.inner("urls")
    links = {name.lower(): urls.text(name) for name in urls}
    help = links.get("documentation") or links.get("homepage") or ""
    return About(
        author=said.author or author.get("name", ""),
        email=said.email or author.get("email", ""),
        company=said.company,
        website=said.website or links.get("homepage", ""),
        help=said.help or ({"en_US": help} if help else {}),
    )


def _script(path: Path, table: Table, default: str) -> Path:
    try:
        script = (path.parent / (table.script or default)).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a zero byte; links in a circle
        reason = f"{table.script or default!r} is no file: {error}"
        raise ManifestError(str(path), "tool.ekuiper.script", reason) from error
    if path.parent not in script.parents:
        reason = f"{table.script!r} lies outside the plugin's folder"
        raise ManifestError(str(path), "tool.ekuiper.script", reason)
    if not script.is_file():
        reason = f"there is no file {table.script or default!r}; name the plugin file, or write it"
        raise ManifestError(str(path), "tool.ekuiper.script", reason)
    return script
