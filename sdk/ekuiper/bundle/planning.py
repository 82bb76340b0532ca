"""What a pack of a plugin holds."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import PackError
from .archive import Entry
from .contents import Contents, LeftOut, collect
from .declared import Declared, declare
from .environments import conda, host, vendor, venv
from .environments.made import Made, Making
from .environments.requirements import without_ours
from .environments.target import Target
from .launching import LAUNCHER, launcher_text
from .manifest import Manifest, encode_manifest
from .manifesting import manifest_of
from .metadata import KINDS, metadata_files
from .project import Project

__all__ = ["ENVIRONMENTS", "Environment", "Plan", "misplaced", "planned"]

ENVIRONMENTS = ("host", "vendor", "venv", "conda")

_INSTALL = "install.sh"
_NO_SETTINGS = b"default:\n"
_SETTINGS = (".json", ".yaml")
_MAKERS: Mapping[str, Callable[[Making], Made]] = {
    "host": host.make,
    "vendor": vendor.make,
    "venv": venv.make,
}


@dataclass(frozen=True)
class Environment:
    """Where a plugin finds what it imports: `kind` is one of `ENVIRONMENTS`, `name` that of a conda
    environment, `target` by default this machine and Python."""

    kind: str = "host"
    name: str = ""
    target: Target | None = None


@dataclass(frozen=True)
class Plan:
    """What a pack will hold; its files are there while `planned` lasts."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(entry.size for entry in self.entries)


@contextmanager
def planned(
    project: Project,
    environment: Environment,
    *,
    besides: Iterable[Path] = (),
    say: Callable[[str], None] | None = None,
) -> Iterator[Plan]:
    """The plan; the paths `besides` are no part of it. `say` is told what is at hand.

    Raises `PackError`, and what `declare` and `manifest_of` raise.
    """
    contents = collect(
        project.folder,
        include=project.tool.include,
        exclude=project.tool.exclude,
        besides=besides,
    )
    _check_script(project, contents)
    with tempfile.TemporaryDirectory(prefix="ekuiper-pack-") as work:
        made, notes = _made(project, environment, Path(work), say or (lambda text: None))
        manifest, files = _described(project, made)
        if project.language == "python":
            files[manifest.executable] = _launcher(project, made)
        entries = [Entry(name, content) for name, content in files.items()]
        entries += [*made.entries, *(each for each in contents.entries if _stays(each, files))]
        notes += [*made.notes, *_remarks(contents)]
        yield Plan(manifest, tuple(entries), contents.left_out, tuple(notes))


def misplaced(names: Iterable[str]) -> list[str]:
    """Of the files of a zip those that eKuiper puts into its own folders, and not beside the
    plugin, though they are no settings: code in `functions/`, say."""
    return [
        name
        for name in names
        if name.startswith(tuple(f"{kind}/" for kind in KINDS))
        and not name.endswith(("/", *_SETTINGS))
    ]


def _check_script(project: Project, contents: Contents) -> None:
    name = project.script.relative_to(project.folder).as_posix()
    if misplaced([name]):
        folder = name.partition("/")[0]
        raise PackError(name, f"is not found there: eKuiper keeps {folder}/ for itself; move it")
    if name not in {entry.name for entry in contents.entries}:
        out = [each for each in contents.left_out if name.startswith(each.name)]
        why = f" ({out[0].kind}: {out[0].name})" if out else ""
        raise PackError(name, f"is left out{why}; name it in include of [tool.ekuiper]")


def _made(
    project: Project, environment: Environment, work: Path, say: Callable[[str], None]
) -> tuple[Made, list[str]]:
    if project.language != "python":
        if environment.kind != "host":
            raise PackError(
                f"--env {environment.kind}", "is for plugins that are written in Python"
            )
        return Made([]), []
    requirements, notes = without_ours(project.requirements)
    target = environment.target or Target.of()
    making = Making(project, requirements, target, work, say)
    if environment.kind == "conda":
        return conda.make(making, environment.name), notes
    return _MAKERS[environment.kind](making), notes


def _described(project: Project, made: Made) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and all files that are made for it. The code is only run where there is need
    of it."""
    executable = None
    if project.language == "python":
        executable = project.script.relative_to(project.folder).with_name(LAUNCHER).as_posix()
    tool = project.tool
    if project.manifest is None or tool.sources or tool.sinks or tool.functions:
        declared = declare(project)
        files = metadata_files(project, declared)
    else:
        declared = Declared(project.name, "")
        files = {
            name: _NO_SETTINGS
            for name in (f"sources/{source}.yaml" for source in project.manifest.sources)
            if not (project.folder / name).is_file()
        }
    manifest = manifest_of(project, declared, executable=executable, conda=made.conda)
    return manifest, {f"{manifest.name}.json": encode_manifest(manifest), **files}


def _launcher(project: Project, made: Made) -> bytes:
    up = "../" * (len(project.script.relative_to(project.folder).parts) - 1)
    carried = {
        key: f"{up}{value}" if key in ("library", "wheels") else value
        for key, value in made.carried.items()
    }
    script = project.script.name
    return launcher_text(project.name, script, project.python, carried).encode()


def _stays(entry: Entry, files: Mapping[str, bytes]) -> bool:
    """Whether a file of the author's is not one that was made from it."""
    return entry.name not in files or entry.name.endswith(LAUNCHER)


def _remarks(contents: Contents) -> Iterator[str]:
    names = [entry.name for entry in contents.entries]
    for name in misplaced(names):
        yield f"{name} will not be beside the plugin: eKuiper keeps {name.partition('/')[0]}/"
    if _INSTALL in names:
        yield f"eKuiper runs {_INSTALL} when it installs the plugin, and waits for it"
