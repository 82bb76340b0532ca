"""`ekuiper try`: one rule of a project on a real eKuiper, and the rows that come of it."""

import re
import sys
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ..errors import HostError
from ..host.rest import Place, Rest
from ..host.trying import Try, try_rule
from .shared.console import make_console
from .shared.hosts import one_to, token, token_file
from .shared.jsontext import print_json
from .shared.options import duration
from .shared.rowtable import table_of_rows
from .shared.texts import times
from .trying.files import recorded, rule_in, samples, streams_in

__all__ = ["try_"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SHOWN = 20
_NAMED = re.compile(r"\bAS\s+`?(\w+)", re.IGNORECASE)  # columns that the rule makes


@click.command("try")
@click.argument("rule")
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@one_to
@token_file
@click.option(
    "--rows",
    multiple=True,
    metavar="[STREAM=]FILE",
    help="JSON lines in place of what a stream would give; - is stdin. May be repeated.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N rows.")
@click.option(
    "--for", "seconds", type=duration, default="10s", metavar="TIME", help="End after (10s)."
)
@click.option(
    "--sent",
    is_flag=True,
    help="Have a rule send its rows to this machine, as where a host has no trials.",
)
@click.option(
    "--data-port",
    type=click.IntRange(1, 65535),
    default=10081,
    metavar="PORT",
    help="Where a host without trials takes rows (10081).",
)
@click.option("--json", "as_json", is_flag=True, help="Each row as a JSON line.")
def try_(
    rule: str,
    folder: Path,
    to: Place,
    token_file: Path | None,
    rows: tuple[str, ...],
    count: int | None,
    seconds: float,
    sent: bool,
    data_port: int,
    as_json: bool,
) -> None:
    """Run RULE of the project in DIR on a real eKuiper, and show its rows.

    RULE is the id of one in rules/*.json, or a file. Its plugin must be deployed there. Its actions
    are left out, its rows come here. Streams that the host has not are made of streams/*.sql, with
    the rows in streams/<stream>.jsonl if no plugin there has their source, and removed again, as is
    the rule.

    \b
      ekuiper try alarms --to http://edge1:9081 --rows rows.jsonl
      ekuiper try alarms --to http://edge1:9081 --for 1m

    The rows come from the host's data port (10081 if not set), which must be reachable. With
    --sent, and where a host is too old for that, they are sent from there to this machine. The exit
    status is 0 if rows came, 1 if none came or anything failed, 2 for wrong options.
    """
    sql = str(rule_in(folder, rule)["sql"])
    streams = streams_in(folder)
    wanted = Try(
        sql=sql,
        streams=streams,
        rows=recorded(folder, streams, rows),
        samples=samples(folder, streams),
        seconds=seconds,
        count=count,
        sent=sent,
        data_port=data_port,
    )
    console = make_console()
    seen: list[dict[str, Any]] = []

    def show(row: dict[str, Any]) -> None:
        if as_json:
            print_json(row)
        else:
            seen.append(row)

    def tell(text: str) -> None:
        print(f"note: {text}", file=sys.stderr)

    try:
        with Rest(to, token=token(token_file)) as rest:
            number = try_rule(rest, wanted, show, tell)
    except HostError as error:
        raise click.ClickException(str(error)) from error
    if not as_json:
        console.print(Text(sql, "dim"), soft_wrap=True)
        if seen:
            console.print(table_of_rows(seen[-_SHOWN:], console.width, _NAMED.findall(sql)))
        left = f", the last {_SHOWN} of them" if number > _SHOWN else ""
        console.print(Text(f"{times(number, 'row')} from {to.name}{left}", "bold"))
    sys.exit(0 if number else 1)
