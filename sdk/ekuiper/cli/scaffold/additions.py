"""The files of a project that a new symbol changes, and those it comes with."""

import json
from pathlib import Path

from ...bundle.manifest import Manifest
from ...bundle.project import Project
from ...host.embedded.rules import read_folder
from .editing import plan_of, with_symbol
from .files import readme_with
from .rules import DEMO, demo_stream, rule_of, stream_of
from .symbols import Symbol, made

__all__ = ["added_files"]


def added_files(
    project: Project, manifest: Manifest, kind: str, name: str
) -> tuple[Symbol, dict[str, str]]:
    """The new symbol, and the files by name, relative to the project's folder. Of files that are
    there, only the plugin file, one's own manifest and the README are among them.

    Raises `CannotEditError`, and `RuleError` when a stream or rule cannot be read.
    """
    script = project.script
    text = script.read_bytes().decode("utf-8")
    plain = text.replace("\r\n", "\n")
    plan = plan_of(plain, script.name)
    symbol = made(kind, name, plan.names)
    changed = with_symbol(plain, script.name, symbol)
    files = {
        _relative(script, project): changed if plain == text else changed.replace("\n", "\r\n")
    }
    if project.manifest is not None:
        files[f"{manifest.name}.json"] = _manifest(project, manifest, symbol)
    files |= _readme(project, symbol)
    new: dict[str, str] = {}
    if plan.config:
        new[f"{_tests(project)}test_{name}.py"] = symbol.test(script.stem, plan.config)
    new |= _rules(project, manifest, symbol)
    return symbol, {**files, **{file: text for file, text in new.items() if _is_new(project, file)}}


def _readme(project: Project, symbol: Symbol) -> dict[str, str]:
    path = project.folder / "README.md"
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, ValueError):
        return {}
    changed = readme_with(text, symbol)
    return {"README.md": changed} if changed != text else {}


def _relative(path: Path, project: Project) -> str:
    return path.relative_to(project.folder).as_posix()


def _is_new(project: Project, file: str) -> bool:
    return not (project.folder / file).exists()


def _tests(project: Project) -> str:
    """The folder for tests: that which is there, else that of the plugin file."""
    if (project.folder / "tests").is_dir():
        return "tests/"
    beside = _relative(project.script.parent, project)
    return "" if beside == "." else f"{beside}/"


def _manifest(project: Project, manifest: Manifest, symbol: Symbol) -> str:
    path = project.folder / f"{manifest.name}.json"
    fields = json.loads(path.read_bytes())
    fields[symbol.group] = [*(fields.get(symbol.group) or []), symbol.name]
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _rules(project: Project, manifest: Manifest, symbol: Symbol) -> dict[str, str]:
    if symbol.kind == "source":
        return stream_of(symbol) | rule_of(symbol, project.name, symbol.name)
    streams = read_folder(project.folder).streams
    own = [name for name, stream in streams.items() if stream.type in manifest.sources]
    stream = next(iter([*own, *streams]), None)
    if stream is not None:
        return rule_of(symbol, project.name, stream)
    return demo_stream() | rule_of(symbol, project.name, DEMO)
