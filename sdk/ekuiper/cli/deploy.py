"""`ekuiper deploy`: a plugin onto real eKuipers, and back if it does not answer there."""

import json
import sys
import threading
from pathlib import Path
from typing import Any

import click

from ..errors import EkuiperError
from ..host.deploying import Choices, Deployment, Outcome, Package, Record, together
from ..host.rest import Place, Rest
from .deploying.progress import progress
from .deploying.summary import outcome_object, print_outcomes
from .shared.console import make_console
from .shared.hosts import to, token, token_file
from .shared.options import duration
from .shared.texts import size

__all__ = ["deploy"]

_WHAT = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("what", metavar="ZIP", type=_WHAT)
@to
@token_file
@click.option(
    "--wait",
    type=duration,
    default="90s",
    metavar="TIME",
    help="How long the plugin may take until it answers (90s).",
)
@click.option("--dry-run", is_flag=True, help="Look at everything, change nothing.")
@click.option(
    "--no-rollback",
    is_flag=True,
    help="Also where what is installed now could not be put back.",
)
@click.option("--plain", is_flag=True, help="Lines, no bars and colours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, when all is over.")
def deploy(what: Path, to: tuple[Place, ...], **given: Any) -> None:
    """Bring the plugin in ZIP to one or many eKuipers.

    On each host, all at the same time: uploads it under a name of its own, installs it, or replaces
    the edition there, and waits until it really answers. Each function is asked in a rule that
    never runs; of sources and sinks the plugin's process is looked at. Rules stay as they are.

    If anything fails, the edition from before is put back, or the new plugin removed, and it is
    said how the host is then. Where there is no way back nothing is begun. The edition before stays
    among the host's uploads, older ones are removed.

    \b
      ekuiper deploy weather.zip --to http://edge1:9081
      ekuiper deploy weather.zip --to edge1 --to edge2 --dry-run

    The exit status is 0 if all hosts have it, 1 if one has not, 2 for wrong options.
    """
    if given["plain"] and given["as_json"]:
        raise click.UsageError("--plain and --json exclude each other")
    secret = token(given["token_file"])
    console = make_console(plain=given["plain"])
    try:
        package = Package.read(what)
    except (EkuiperError, OSError) as error:
        raise click.ClickException(str(error)) from error
    choices = Choices(
        wait=given["wait"], rollback=not given["no_rollback"], dry_run=given["dry_run"]
    )
    quiet = given["as_json"]
    title = f"{package.name} {package.version}".rstrip()
    if not quiet:
        console.print(f"{title}, {size(package.size)}, as {package.file}", markup=False)
    stop = threading.Event()
    record = Record.default()
    live = console.is_terminal and not given["plain"]
    with progress(console, [each.name for each in to], quiet=quiet, live=live) as tell:

        def one(place: Place) -> Outcome:
            with Rest(place, token=secret) as rest:
                return Deployment(rest, package, record, choices, tell, stop).run()

        outcomes = together(one, to, stop)
    if quiet:
        print(json.dumps(_object(package, outcomes), ensure_ascii=False))
    else:
        print_outcomes(console, outcomes)
    sys.exit(0 if all(each.done for each in outcomes) else 1)


def _object(package: Package, outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        "plugin": package.name,
        "version": package.version,
        "file": package.file,
        "digest": package.digest,
        "hosts": [outcome_object(each) for each in outcomes],
    }
