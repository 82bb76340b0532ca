"""eKuiper's own files in a run: which rules, with rows from where, and how they are called."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ...errors import EkuiperError
from ...host.embedded import Host
from ...host.embedded.rules import Folder, Rules, RunningRule, read_folder
from ...host.embedded.rules.nodes import Window
from ..shared.conf import did_you_mean
from ..shared.rows import read_rows
from .figures import PipelineMeter
from .view import View

__all__ = ["RulePlan", "configurable", "rule_meter", "rule_plan", "rules_of"]


_UNITS = {"dd": "d", "hh": "h", "mi": "min", "ss": "s", "ms": "ms"}


@dataclass(frozen=True)
class RulePlan:
    """The rules `only` names, or all, with rows from files in place of some streams' sources."""

    folder: Folder
    only: tuple[str, ...]
    rows: Mapping[str, str]

    @property
    def notes(self) -> list[str]:
        """What is worth knowing about the files, though it is no failure."""
        notes = [note for rule in self.folder.rules for note in rule.notes]
        waiting = [] if self.only else [rule for rule in self.folder.rules if not rule.triggered]
        told = [
            f'{rule.path}: not run, as "triggered" is false; --rule {rule.id} runs it'
            for rule in waiting
        ]
        return [*self.folder.notes, *notes, *told]


def rule_plan(
    folder: Path,
    only: Collection[str],
    rows: Iterable[str],
    *,
    sources: Collection[str],
    pipeline: bool,
) -> RulePlan | None:
    """What to run of a folder's `streams/*.sql` and `rules/*.json`; None where options describe a
    `pipeline`, or the folder has no rules. `rows` are the values of --rows; a stream that is of
    none of the plugin's `sources` has its rows in `streams/<stream>.jsonl`, if that is there.

    Raises `click.UsageError` for options that do not fit, `click.ClickException` for files that
    cannot be read.
    """
    try:
        found = read_folder(folder)
    except EkuiperError as error:
        if pipeline and not only:
            return None  # these files are not asked for
        raise click.ClickException(str(error)) from error
    given = [text.partition("=") for text in rows]
    of_streams = all(stream in found.streams for stream, equals, _ in given if equals)
    plain = [stream for stream, equals, _ in given if not equals]
    if only and (pipeline or plain):
        raise click.UsageError("--rule runs rule files; it excludes options of a pipeline")
    if pipeline or plain or not found.rules:
        return None
    if not of_streams:
        unknown = next(name for name, _, _ in given if name not in found.streams)
        hint = did_you_mean(unknown, found.streams, "Streams")
        raise click.UsageError(f"--rows {unknown}=…: there is no stream {unknown!r}; {hint}")
    for name in only:
        if name not in [rule.id for rule in found.rules]:
            hint = did_you_mean(name, [rule.id for rule in found.rules], "Rules")
            raise click.UsageError(f"--rule {name!r}: there is no such rule; {hint}")
    if not only and not any(rule.triggered for rule in found.rules):
        ids = ", ".join(rule.id for rule in found.rules)
        raise click.UsageError(f'all rules have "triggered": false; name one by --rule: {ids}')
    files = _rows_beside(found, sources)
    return RulePlan(found, tuple(only), {**files, **{stream: file for stream, _, file in given}})


def _rows_beside(folder: Folder, sources: Collection[str]) -> dict[str, str]:
    files = {
        name: folder.path / "streams" / f"{name}.jsonl"
        for name, stream in folder.streams.items()
        if stream.type not in sources
    }
    return {name: str(file) for name, file in files.items() if file.is_file()}


def configurable(plan: RulePlan) -> set[str]:
    """What --conf may be for: the types of streams and of actions."""
    streams = {stream.type for stream in plan.folder.streams.values()}
    return streams | {each.type for rule in plan.folder.rules for each in rule.actions}


def rules_of(
    plan: RulePlan,
    host: Host,
    view: View,
    *,
    config: Mapping[str, Mapping[str, Any]],
    limit: int | None,
) -> Rules:
    """To be started; rows that come out, and what log actions log, go to `view`."""
    return Rules(
        host,
        plan.folder,
        rows={stream: read_rows(file) for stream, file in plan.rows.items()},
        config=config,
        only=plan.only,
        limit=limit,
        on_rows=view.rows,
        on_log=view.logged,
        keep=20,
    )


def rule_meter(running: RunningRule) -> PipelineMeter:
    """Reads the counters of one rule."""
    plan, rule = running.plan, running.rule
    functions = dict.fromkeys(each.text.partition("(")[0] for each in plan.functions)
    window = [] if plan.window is None else [_window(plan.window)]
    sinks = ", ".join(each.type for each in rule.actions)
    title = f"{rule.id}: {' → '.join([plan.stream.name, *window, *functions, sinks])}"
    return PipelineMeter(running, rule.id, title, tuple(plan.results))


def _window(window: Window) -> str:
    unit = "rows" if window.kind == "count" else _UNITS[window.unit]
    return f"{window.length} {unit}"
