"""Whether the options of a run fit the plugin and each other."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from ...bundle.manifest import Manifest
from ..shared.conf import did_you_mean
from .options import Wanted

__all__ = ["check_input", "check_stdin", "check_symbols"]


def check_stdin(given: dict[str, Any], files: Iterable[str | None]) -> None:
    """Standard input must not be wanted for two things. Raises `click.UsageError`."""
    if "-" not in files:
        return
    if given["debug"]:
        raise click.UsageError("--debug needs standard input for itself; give --rows a file")
    if given["watch"]:
        raise click.UsageError("--watch reads rows once more when all begins anew; give it a file")


def check_input(pipelines: list[Wanted], folder: Path, manifest: Manifest) -> None:
    """Rows must come from somewhere. Raises `click.UsageError`, with what to do."""
    if not pipelines[0].has_input:
        raise click.UsageError(_what_to_do(folder, manifest))
    if sum(pipeline.rows == "-" for pipeline in pipelines) > 1:
        raise click.UsageError("only one pipeline can read rows from standard input")


def _what_to_do(folder: Path, manifest: Manifest) -> str:
    """What the plugin has, and a command that runs it."""
    source = f"--source {manifest.sources[0]}" if manifest.sources else "--rows FILE"
    function = f" --function '{manifest.functions[0]}(COLUMN)'" if manifest.functions else ""
    sink = f" --sink {manifest.sinks[0]}" if manifest.sinks else ""
    return (
        "where do rows come from? Give --source SOURCE, or --rows FILE with JSON lines; or put\n"
        "eKuiper's own files into the folder, streams/*.sql and rules/*.json.\n"
        f"  {manifest.name} has\n"
        f"    sources    {', '.join(manifest.sources) or '-'}\n"
        f"    functions  {', '.join(manifest.functions) or '-'}\n"
        f"    sinks      {', '.join(manifest.sinks) or '-'}\n"
        f"  For example: ekuiper run {shlex.quote(str(folder))} {source}{function}{sink}"
    )


def check_symbols(pipeline: Wanted, manifest: Manifest) -> None:
    """The plugin must have what the options name. Raises `click.UsageError`."""
    sources = [pipeline.source] if pipeline.source is not None else []
    functions = [call.function for call in pipeline.functions]
    _declared("source", sources, manifest.sources, manifest.name)
    _declared("function", functions, manifest.functions, manifest.name)
    _declared("sink", pipeline.sinks, manifest.sinks, manifest.name)


def _declared(kind: str, names: Iterable[str], known: Iterable[str], plugin: str) -> None:
    for name in names:
        if name not in known:
            nearest = did_you_mean(name, known, f"{kind.capitalize()}s")
            raise click.UsageError(f"plugin {plugin} has no {kind} {name!r}; {nearest}")
