"""`ekuiper add`: one more symbol in a project that is there."""

from pathlib import Path

import click
from rich.text import Text

from ..bundle.declared import declare
from ..bundle.manifest import Manifest
from ..bundle.project import Project
from ..errors import DeclarationError, EkuiperError
from .scaffold.additions import added_files
from .scaffold.editing import CannotEditError
from .scaffold.names import KINDS, check_symbol
from .scaffold.symbols import Symbol
from .scaffold.writing import write_files
from .shared.console import make_console
from .shared.jsontext import print_json
from .shared.options import interpreter
from .shared.plugins import plugin_in

__all__ = ["add"]


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name", metavar="NAME")
@click.argument(
    "folder",
    metavar="[DIR]",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
)
@click.option("--python", metavar="PATH", help="The interpreter; by default the one of ekuiper.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def add(kind: str, name: str, folder: Path, python: str | None, as_json: bool) -> None:
    """Add a symbol to the plugin in DIR: its class, its entry in PluginConfig, a test and a rule.

    \b
      ekuiper add function celsius
      ekuiper add source station DIR

    The plugin file is edited in place, and run up to plugin.start before and after: what it
    declares must be the same, and the new symbol. Otherwise all files are left as they were.
    """
    program = interpreter(python)
    manifest = plugin_in(folder, program).manifest
    taken = [*manifest.sources, *manifest.sinks, *manifest.functions]
    check_symbol(kind, name, taken, manifest.name)
    project = _project(folder)
    try:
        symbol, files = added_files(project, manifest, kind, name)
    except CannotEditError as error:
        raise click.ClickException(str(error)) from error
    except EkuiperError as error:
        raise click.ClickException(str(error)) from error
    existing = {file for file in files if (project.folder / file).exists()}
    undo = write_files(project.folder, files)
    try:
        _check(project, manifest, symbol, program)
    except BaseException:
        undo()
        raise
    _print(symbol, files, existing, as_json=as_json)


def _project(folder: Path) -> Project:
    project = Project.load(folder)  # what is wrong with it was told already
    if project.language != "python":
        raise click.ClickException(f"plugin {project.name} is written in {project.language}")
    return project


def _check(project: Project, before: Manifest, symbol: Symbol, python: str) -> None:
    """The new code must declare what the old did, and the symbol."""
    try:
        declared = declare(project, python=python)
    except DeclarationError as error:
        raise click.ClickException(f"{error}; all files are as they were") from error
    names = {each.name: each.problem for each in declared.symbols}
    expected = {*before.sources, *before.sinks, *before.functions, symbol.name}
    if set(names) != expected or names[symbol.name]:
        reason = names.get(symbol.name) or f"it declares {', '.join(sorted(names))}"
        raise click.ClickException(
            f"{project.script.name} does not work with {symbol.name} added: {reason}; all files "
            "are as they were"
        )


def _print(symbol: Symbol, files: dict[str, str], existing: set[str], *, as_json: bool) -> None:
    if as_json:
        found = {
            "kind": symbol.kind,
            "name": symbol.name,
            "changed": [file for file in files if file in existing],
            "made": [file for file in files if file not in existing],
        }
        print_json(found)
        return
    console = make_console()
    console.print(Text.assemble((f"{symbol.kind} {symbol.name}", "bold"), " added"))
    for file in files:
        how = "changed" if file in existing else "new"
        console.print(Text.assemble(f"  {how:8}", file), soft_wrap=True)
