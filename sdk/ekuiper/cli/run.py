"""`ekuiper run`: a plugin at work on this machine, without eKuiper."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..bundle.manifesting import Described
from ..errors import EkuiperError
from ..host.embedded import PROFILES
from ..host.scratch import scratch
from .running.checks import check_input, check_stdin, check_symbols
from .running.jsonlines import JsonView
from .running.live import LiveView
from .running.options import (
    Ordered,
    Wanted,
    call,
    given_in_order,
    rows_file,
    wanted,
)
from .running.plain import DebugView, PlainView
from .running.rulefiles import RulePlan, configurable, rule_plan
from .running.session import Plan, Session
from .running.view import View
from .running.work import Work
from .shared.conf import defaults, settings
from .shared.console import make_console
from .shared.options import duration, interpreter
from .shared.plugins import plugin_in

__all__ = ["run"]

_PIPELINE = ("source", "rows", "function", "window", "sink")
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(cls=Ordered)
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--source", multiple=True, metavar="SOURCE", help="Rows come from this source.")
@click.option(
    "--rows",
    multiple=True,
    type=rows_file,
    metavar="FILE",
    help="Rows come from JSON lines; - is stdin. With rule files STREAM=FILE: rows of that stream "
    "come from there.",
)
@click.option(
    "--function",
    multiple=True,
    type=call,
    metavar="CALL",
    help="Call a function for each row, as in 'score(cpu, 3) as s'. Arguments are columns, JSON "
    "values, 'text' or *; without `as` the column is called like the function.",
)
@click.option(
    "--window",
    multiple=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Rows go on N at a time; functions that are aggregates get lists.",
)
@click.option("--sink", multiple=True, metavar="SINK", help="Rows go to this sink.")
@click.option(
    "--conf",
    multiple=True,
    metavar="SETTING",
    help="A setting of a source or sink: SYMBOL.key=value (JSON, else text), or SYMBOL=file.json "
    "for several. A source's `datasource` is its stream's DATASOURCE.",
)
@click.option("--rule", multiple=True, metavar="ID", help="Of rule files, run this one only.")
@click.option(
    "--ekuiper",
    type=click.Choice(list(PROFILES)),
    default="2.4",
    help="Play this version of eKuiper.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N rows came out.")
@click.option(
    "--for", "seconds", type=duration, metavar="TIME", help="End after 500ms, 10s, 5m or 1h."
)
@click.option(
    "--watch",
    is_flag=True,
    help="Start the plugin again when a file in DIR is saved: code, rules, streams or settings. "
    "Calls do not time out, and only Ctrl-C or --for ends the run.",
)
@click.option("--plain", is_flag=True, help="A line a second instead of the live table.")
@click.option(
    "--json", "as_json", is_flag=True, help="Rows, figures and the summary as JSON lines."
)
@click.option(
    "--debug",
    is_flag=True,
    help="Give the terminal to the plugin, for breakpoint() and debuggers; nothing times out.",
)
@click.option("--python", metavar="PATH", help="The interpreter; by default the one of ekuiper.")
@click.pass_context
def run(ctx: click.Context, /, folder: Path, **given: Any) -> None:
    """Run the plugin in DIR on this machine, without eKuiper.

    Spawns the plugin that DIR/pyproject.toml or DIR/<name>.json describes as eKuiper does, speaks
    eKuiper's protocol to it, and shows what comes of it.

    \b
      ekuiper run DIR --source sensor --function 'score(cpu) as s' --sink table
      ekuiper run DIR --rows rows.jsonl --function 'score(cpu) as s' --json

    All options but --conf, --count and those below it describe a pipeline: source or rows, then
    functions in the order given, then sinks. Each --source or --rows begins a new pipeline; what
    stands before the first one belongs to it too. --count counts for each pipeline, and the run
    ends when all have ended.

    Without --source, --rows FILE, --function, --window and --sink it runs eKuiper's own files in
    DIR: streams/*.sql and rules/*.json, as a real one would.

    \b
      ekuiper run DIR
      ekuiper run DIR --rule alarm --rows sensors=rows.jsonl --json

    Rows of a stream that is of no source of the plugin are taken from DIR/streams/<stream>.jsonl.

    Settings in the group `default` of DIR/sources/<source>.yaml apply too, as in eKuiper; so do
    the defaults in a source's docstring, where there is no such file.

    Ctrl-C ends the run in order. The exit status is 0 if all went well, 1 if anything failed: the
    plugin ended, something raised, or no row came out; 2 for wrong options.
    """
    if given["plain"] + given["as_json"] + given["debug"] > 1:
        raise click.UsageError("--plain, --json and --debug exclude each other")
    if given["watch"] and given["debug"]:
        raise click.UsageError("--watch and --debug exclude each other")
    plan = _plan(ctx, folder, given)
    view = _view(given, plan)
    notes = _add_defaults(plan)
    with _log(plan.debug) as log, _terminal(plan.debug):
        for note in notes:
            view.note(note)
        failures = _session(ctx, plan, view, log, given)
    if view.gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the last flush would raise
    sys.exit(1 if failures else 0)


def _session(
    ctx: click.Context, plan: Plan, view: View, log: Path | None, given: dict[str, Any]
) -> list[str]:
    if not plan.watch:
        return Session(plan, view, log).run()
    try:
        from .running.changes import Changes
    except ImportError as error:
        raise click.UsageError(f"--watch: {error}; pip install 'ekuiper[cli]'") from error
    from .running.watching import WatchingSession

    def again() -> Plan:
        renewed = _plan(ctx, plan.folder, given)
        try:
            Work(renewed, view, None).check()
        except EkuiperError as error:
            raise click.ClickException(str(error)) from error
        for note in _add_defaults(renewed):
            view.note(note)
        return renewed

    with Changes(plan.folder).following() as changes:
        return WatchingSession(plan, view, log, changes=changes, again=again).run()


def _plan(ctx: click.Context, folder: Path, given: dict[str, Any]) -> Plan:
    python = interpreter(given["python"])
    plugin = plugin_in(folder, python)
    manifest = plugin.manifest
    described = any(given[name] for name in _PIPELINE if name != "rows")
    rules = rule_plan(
        folder, given["rule"], given["rows"], sources=manifest.sources, pipeline=described
    )
    if rules is not None:
        return _rules(folder, plugin, python, rules, given)
    pipelines = wanted(given_in_order(ctx, _PIPELINE))
    check_input(pipelines, folder, manifest)
    for pipeline in pipelines:
        check_symbols(pipeline, manifest)
    check_stdin(given, [pipeline.rows for pipeline in pipelines])
    return Plan(
        folder=folder,
        plugin=plugin,
        python=python,
        pipelines=tuple(pipelines),
        config=settings(given["conf"], _configurable(pipelines)),
        **_limits(given),
    )


def _rules(
    folder: Path, plugin: Described, python: str, rules: RulePlan, given: dict[str, Any]
) -> Plan:
    if list(rules.rows.values()).count("-") > 1:
        raise click.UsageError("only one stream can read rows from standard input")
    check_stdin(given, rules.rows.values())
    return Plan(
        folder=folder,
        plugin=plugin,
        python=python,
        pipelines=(),
        config=settings(given["conf"], configurable(rules)),
        rules=rules,
        **_limits(given),
    )


def _limits(given: dict[str, Any]) -> dict[str, Any]:
    names = ("seconds", "count", "debug", "ekuiper", "watch")
    return {name: given[name] for name in names}


def _configurable(pipelines: Iterable[Wanted]) -> set[str]:
    sources = {pipeline.source for pipeline in pipelines if pipeline.source is not None}
    return sources | {sink for pipeline in pipelines for sink in pipeline.sinks}


def _add_defaults(plan: Plan) -> list[str]:
    """Put the settings of `sources/<name>.yaml` below those given; returns what to tell."""
    notes = []
    for source in {pipeline.source for pipeline in plan.pipelines} - {None}:
        assert source is not None
        try:
            below = defaults(plan.folder, source, plan.plugin.settings.get(source, ()))
        except ValueError as error:
            notes.append(f"default settings not read, use --conf {source}.key=value: {error}")
            continue
        plan.config[source] = {**below, **plan.config.get(source, {})}
    return notes


def _view(given: dict[str, Any], plan: Plan) -> View:
    console = make_console()
    if given["as_json"]:
        return JsonView()
    if plan.debug:
        return DebugView(console)
    files = [pipeline.rows for pipeline in plan.pipelines]
    files += plan.rules.rows.values() if plan.rules is not None else ()
    typed = "-" in files and sys.stdin.isatty()
    if given["plain"] or typed or not console.is_terminal or console.is_dumb_terminal:
        return PlainView(console)
    return LiveView(console, seconds=plan.seconds, rows=plan.count, watched=plan.watch)


@contextmanager
def _log(debug: bool) -> Iterator[Path | None]:
    if debug:
        yield None
        return
    with scratch("run") as folder:
        yield Path(folder, "plugin.log")


@contextmanager
def _terminal(debug: bool) -> Iterator[None]:
    """Leave the terminal as it was: a debugger may be killed while it reads a line."""
    if not debug or not sys.stdin.isatty():
        yield
        return
    import termios

    mode = termios.tcgetattr(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, mode)
