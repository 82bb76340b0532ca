"""The manifest of a project, made from what its code declares."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ManifestError
from .declared import PATIENCE, Declared, declare
from .description import Field
from .manifest import Manifest, check_name
from .metadata import source_settings
from .project import Project

__all__ = ["Described", "load_plugin", "manifest_of"]


@dataclass(frozen=True)
class Described:
    """A plugin's manifest, and what is said of its sources' settings elsewhere than in files."""

    manifest: Manifest
    settings: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)


def manifest_of(
    project: Project,
    declared: Declared,
    *,
    executable: str | None = None,
    conda: str | None = None,
) -> Manifest:
    """The project's own `<name>.json` if it has one, else what its code declares.

    `executable` is the file to run if it is not the plugin file; `conda` names the environment to
    run it in. Raises `ManifestError` when the code names the plugin otherwise, and for names that
    eKuiper cannot use.
    """
    manifest = project.manifest or _manifest(project, declared)
    if executable is not None:
        manifest = replace(manifest, executable=executable)
    if conda is not None:
        manifest = replace(manifest, virtual_env_type="conda", env=conda)
    return manifest


def load_plugin(
    folder: Path, *, python: str = sys.executable, timeout: float = PATIENCE
) -> Described:
    """What is known of the plugin in `folder`. Where its manifest is not there as a file, the code
    is asked, under the interpreter `python`.

    Raises `ManifestError`, and `DeclarationError` as `declare` does.
    """
    project = Project.load(folder)
    if project.manifest is not None:
        return Described(project.manifest)
    declared = declare(project, python=python, timeout=timeout)
    return Described(manifest_of(project, declared), source_settings(project, declared))


def _manifest(project: Project, declared: Declared) -> Manifest:
    path = str(project.script)
    if declared.name != project.name:
        reason = (
            f"PluginConfig in {declared.started} names the plugin {declared.name!r}, "
            f"pyproject.toml {project.name!r}; make them agree"
        )
        raise ManifestError(path, "", reason)
    if not declared.symbols:
        reason = f"PluginConfig in {declared.started} has no source, sink or function"
        raise ManifestError(path, "", reason)
    for symbol in declared.symbols:
        check_name(path, "PluginConfig", symbol.name)
    return Manifest(
        name=project.name,
        version=project.version,
        language="python",
        executable=project.script.relative_to(project.folder).as_posix(),
        virtual_env_type=None,
        env=None,
        sources=tuple(symbol.name for symbol in declared.sources),
        sinks=tuple(symbol.name for symbol in declared.sinks),
        functions=tuple(symbol.name for symbol in declared.functions),
    )
