"""`ekuiper new`: a whole small project to go on from."""

import shlex
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from .scaffold.files import project_files
from .scaffold.names import KINDS, check_plugin, check_symbol
from .scaffold.symbols import Symbol, made
from .scaffold.writing import write_files
from .shared.console import make_console
from .shared.jsontext import print_json

__all__ = ["new"]


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--source", multiple=True, metavar="NAME", help="With a source, which emits rows.")
@click.option(
    "--function", multiple=True, metavar="NAME", help="With a function, called for each row."
)
@click.option(
    "--aggregate", multiple=True, metavar="NAME", help="With a function called for each window."
)
@click.option("--sink", multiple=True, metavar="NAME", help="With a sink, which receives results.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def new(name: str, as_json: bool, **given: Any) -> None:
    """Make a project for a plugin in the new folder NAME.

    It has code, tests, streams and rules that work, for each symbol named; without any, for one
    function called like the project. Each option may be repeated.

    \b
      ekuiper new weather
      ekuiper new weather --source station --function fahrenheit --sink table

    A name has lower-case letters, digits and _; NAME may be a path, and its last part have dashes.
    """
    folder = Path(name)
    project = folder.resolve().name if name else ""
    plugin = project.replace("-", "_")
    check_plugin(plugin)
    symbols = _symbols(plugin, [(kind, name) for kind in KINDS for name in given[kind]])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty" if folder.is_dir() else "is a file"
        raise click.ClickException(
            f"{folder.absolute()} {what}; give another name, remove it, or add to it: "
            f"ekuiper add function NAME {shlex.quote(name)}"
        )
    files = project_files(project, plugin, symbols)
    write_files(folder, files)
    if as_json:
        _print_facts(folder, plugin, symbols, files)
    else:
        _print(folder, symbols, files)


def _symbols(plugin: str, wanted: list[tuple[str, str]]) -> list[Symbol]:
    if not wanted:
        return _symbols(plugin, [("function", _function_of(plugin))])
    symbols: list[Symbol] = []
    for kind, name in wanted:
        check_symbol(kind, name, [symbol.name for symbol in symbols], plugin)
        symbols.append(made(kind, name, [symbol.class_name for symbol in symbols]))
    return symbols


def _function_of(plugin: str) -> str:
    """The one function of a plugin for which none was named."""
    try:
        check_symbol("function", plugin, (), plugin)
    except click.UsageError as error:
        raise click.UsageError(f"{error.message} Say so: --function NAME") from error
    return plugin


def _next(folder: Path) -> list[tuple[str, str]]:
    return [
        *([] if folder == Path() else [(f"cd {shlex.quote(str(folder))}", "")]),
        ("python -m pytest", "its tests"),
        ("ekuiper run .", "its rules, on this machine"),
        ("ekuiper deploy --to http://HOST:9081", "to an eKuiper"),
    ]


def _print_facts(folder: Path, plugin: str, symbols: list[Symbol], files: dict[str, str]) -> None:
    found = {
        "name": plugin,
        "folder": str(folder.absolute()),
        "symbols": [{"kind": symbol.kind, "name": symbol.name} for symbol in symbols],
        "files": list(files),
        "next": [command for command, _ in _next(folder)],
    }
    print_json(found)


def _print(folder: Path, symbols: list[Symbol], files: dict[str, str]) -> None:
    console = make_console()
    made_of = ", ".join(f"{symbol.kind} {symbol.name}" for symbol in symbols)
    console.print(Text.assemble((f"{folder}/", "bold"), f"  {made_of}"))
    for file in files:
        console.print(Text(f"  {file}"), soft_wrap=True)
    console.print(Text("\nnext", "bold"))
    steps = _next(folder)
    width = max(len(command) for command, what in steps if what)
    for command, what in steps:
        line = Text(f"  {command.ljust(width)}" if what else f"  {command}")
        console.print(line.append(f"  {what}", "dim") if what else line, soft_wrap=True)
