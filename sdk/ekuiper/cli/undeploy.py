"""`ekuiper undeploy`: a plugin off real eKuipers."""

import sys
import threading
from pathlib import Path

import click

from ..host.deploying import Outcome, Record, Removal, together
from ..host.rest import Place, Rest
from .deploying.progress import progress
from .deploying.summary import outcome_object, print_outcomes
from .shared.console import make_console
from .shared.hosts import to, token, token_file
from .shared.jsontext import print_json

__all__ = ["undeploy"]


@click.command()
@click.argument("name", metavar="PLUGIN")
@to
@token_file
@click.option("--force", is_flag=True, help="Even if rules or streams use it; they will fail.")
@click.option("--dry-run", is_flag=True, help="Look at everything, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, when all is over.")
def undeploy(
    name: str,
    to: tuple[Place, ...],
    token_file: Path | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove PLUGIN, and its archives that `ekuiper deploy` uploaded, from one or many eKuipers.

    The exit status is 0 if no host has it any more, 1 if one still has it or never had it, 2 for
    wrong options.
    """
    secret = token(token_file)
    console = make_console()
    record = Record.default()
    live = console.is_terminal
    stop = threading.Event()
    with progress(console, [each.name for each in to], quiet=as_json, live=live) as tell:

        def one(place: Place) -> Outcome:
            with Rest(place, token=secret) as rest:
                return Removal(rest, name, record, tell, stop, force=force, dry_run=dry_run).run()

        outcomes = together(one, to, stop)
    if as_json:
        told = {"plugin": name, "hosts": [outcome_object(each) for each in outcomes]}
        print_json(told)
    else:
        print_outcomes(console, outcomes)
    sys.exit(0 if all(each.done for each in outcomes) else 1)
