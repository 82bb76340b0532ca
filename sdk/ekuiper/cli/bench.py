"""`ekuiper bench`: how fast a function, source or sink is, and where its time goes."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ..bundle.manifest import Manifest
from ..bundle.manifesting import Described
from ..errors import CallError, EkuiperError
from ..host.embedded import PROFILES, Settings
from ..host.measuring import (
    Limits,
    Measured,
    Subject,
    measure_function,
    measure_sink,
    measure_source,
)
from ..protocol.gojson import go_json
from .benching.arguments import Calls, read_all, symbol_of
from .benching.report import print_report, report_json
from .shared.conf import defaults, did_you_mean, settings
from .shared.console import make_console
from .shared.hints import hint
from .shared.options import duration, interpreter
from .shared.plugins import plugin_in

__all__ = ["bench"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_INTERRUPTED = 130  # as shells call what Ctrl-C ended
_ROWS = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command()
@click.argument("symbol", metavar="SYMBOL")
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@click.option(
    "--arg", multiple=True, metavar="JSON", help="An argument of the function; JSON, else text."
)
@click.option(
    "--rows",
    type=_ROWS,
    metavar="FILE",
    help="JSON lines, - is stdin: what columns in SYMBOL(…) are taken from, or all columns are the "
    "arguments; for a sink, the rows it gets.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="N",
    help="Rows in each window of an aggregate (10), or in each message to a sink (1).",
)
@click.option(
    "--conf",
    multiple=True,
    metavar="SETTING",
    help="A setting of a source or sink: key=value (JSON, else text), or file.json for several. A "
    "source's `datasource` is its stream's DATASOURCE.",
)
@click.option(
    "--for",
    "seconds",
    type=duration,
    default="3s",
    metavar="TIME",
    help="Measure for so long: 500ms, 10s, 5m or 1h (3s).",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Or until N calls or rows.")
@click.option("--ekuiper", type=click.Choice(list(PROFILES)), default="2.4", help="Its version.")
@click.option("--plain", is_flag=True, help="No bars, colours or spinner.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; times are seconds.")
@click.option("--python", metavar="PATH", help="The interpreter; by default the one of ekuiper.")
def bench(symbol: str, folder: Path, **given: Any) -> None:
    """Measure a function, source or sink of the plugin in DIR.

    Spawns the plugin as eKuiper does and works SYMBOL as hard as it goes: how many calls or rows a
    second, how long they take, and how that time is shared by host, sockets, codec and your code.

    \b
      ekuiper bench score --arg 12.5 --arg text
      ekuiper bench 'score(cpu, 3)' DIR --rows rows.jsonl
      ekuiper bench sensor DIR --conf every=0.001
      ekuiper bench sqlite DIR --rows rows.jsonl --conf path=/tmp/x.db

    The shares come from a second, shorter run, with time stamps at each step. What your code does
    (writes, requests) is really done, each time.

    Ctrl-C ends it early, with the figures so far. The exit status is 0 if all went well, 1 if
    anything failed or your code raised, 2 for wrong options, 130 after Ctrl-C.
    """
    if given["plain"] and given["as_json"]:
        raise click.UsageError("--plain and --json exclude each other")
    name, call = symbol_of(symbol)
    python = interpreter(given["python"])
    plugin = plugin_in(folder, python)
    manifest = plugin.manifest
    kind = _kind(name, manifest)
    _check_options(kind, name, call is not None, given)
    subject = Subject(
        folder=folder,
        manifest=manifest,
        kind=kind,
        name=name,
        config=_config(folder, plugin, kind, name, given["conf"]),
        settings=Settings.profile(given["ekuiper"], python=python),
    )
    console = make_console(plain=given["plain"])
    quiet = given["plain"] or given["as_json"] or not console.is_terminal
    what = f"measuring {kind} {name}"
    rows = read_all(given["rows"]) if given["rows"] is not None else None
    calls = Calls(name, call, given["arg"], rows, given["window"])
    if kind == "function":
        calls.check()
    try:
        with nullcontext() if quiet else console.status(what, spinner_style="cyan"):
            measured = _measure(subject, calls, Limits(given["seconds"], given["count"]))
    except KeyboardInterrupt:
        click.echo(f"interrupted before {name} was measured", err=True)
        sys.exit(_INTERRUPTED)
    except CallError as error:
        raise click.ClickException(str(error)) from error
    except EkuiperError as error:
        cause = hint(folder, manifest, str(error))
        raise click.ClickException(f"{error}{cause}") from error
    if given["as_json"]:
        print(report_json(manifest.name, measured))
    else:
        print_report(console, manifest.name, measured, bars=not given["plain"])
    if measured.interrupted:
        sys.exit(_INTERRUPTED)
    sys.exit(1 if measured.failures or measured.errors or not measured.count else 0)


def _measure(subject: Subject, calls: Calls, limits: Limits) -> Measured:
    if subject.kind == "function":
        return measure_function(subject, calls, limits)
    if subject.kind == "source":
        return measure_source(subject, limits)
    size = calls.window or 1
    rows = list(calls.rows or ())
    whole = [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)] or [rows]
    single = any(key.lower() == "sendsingle" and on for key, on in subject.config.items())
    if single:
        return measure_sink(subject, [_message(row) for row in rows], 1, limits)
    return measure_sink(subject, [_message(each) for each in whole], len(whole[0]), limits)


def _message(value: Any) -> bytes:
    return go_json(value, sort=True).encode()


def _kind(name: str, manifest: Manifest) -> str:
    known = {
        "function": manifest.functions,
        "source": manifest.sources,
        "sink": manifest.sinks,
    }
    for kind, names in known.items():
        if name in names:
            return kind
    every = [each for names in known.values() for each in names]
    nearest = did_you_mean(name, every, "It has")
    raise click.UsageError(f"plugin {manifest.name} has no {name!r}; {nearest}")


def _check_options(kind: str, name: str, called: bool, given: dict[str, Any]) -> None:
    """Refuse what the kind of symbol has no use for."""
    if kind == "function":
        if given["conf"]:
            raise click.UsageError(f"--conf is for sources and sinks; {name} is a function")
        return
    if called or given["arg"]:
        raise click.UsageError(f"arguments are for functions; {name} is a {kind}")
    if kind == "source" and (given["rows"] or given["window"]):
        raise click.UsageError(f"{name} is a source: it makes its rows; no --rows, no --window")
    if kind == "sink" and given["rows"] is None:
        raise click.UsageError(
            f"{name} is a sink: give it rows, with --rows FILE of JSON lines, or - for stdin"
        )


def _config(
    folder: Path, plugin: Described, kind: str, name: str, given: tuple[str, ...]
) -> dict[str, Any]:
    """The settings given, above those of `sources/<name>.yaml` or of the code."""
    texts = []
    for text in given:
        key = text.partition("=")[0]
        whole = "=" not in text and text.endswith(".json")
        prefixed = key == name or key.startswith(f"{name}.")
        texts.append(text if prefixed else f"{name}={text}" if whole else f"{name}.{text}")
    found = settings(texts, [name]).get(name, {})
    if kind != "source":
        return found
    try:
        return {**defaults(folder, name, plugin.settings.get(name, ())), **found}
    except ValueError as error:
        click.echo(f"default settings not read, use --conf key=value: {error}", err=True)
        return found
