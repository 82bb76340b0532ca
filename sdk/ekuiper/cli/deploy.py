"""`ekuiper deploy`: a plugin onto real eKuipers, and back if it does not answer there."""

import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..bundle.checks import Checked, Interpreter, check_archive
from ..bundle.declared import PATIENCE
from ..errors import EkuiperError
from ..host.deploying import Choices, Deployment, Outcome, Package, Record, together
from ..host.rest import Place, Rest
from .checking.report import print_checked
from .deploying.packing import packed
from .deploying.progress import progress
from .deploying.summary import outcome_object, print_outcomes
from .shared.checking import finding_object
from .shared.console import make_console
from .shared.environments import EnvironmentCommand, environment_of, environment_options
from .shared.hosts import to, token, token_file
from .shared.jsontext import print_json
from .shared.options import duration
from .shared.texts import size

__all__ = ["deploy"]

_PATIENT = Interpreter(timeout=PATIENCE)
_WHAT = click.Path(exists=True, path_type=Path)


@click.command(cls=EnvironmentCommand)
@click.argument("what", metavar="[ZIP|DIR]", type=_WHAT, default=".")
@to
@token_file
@environment_options
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
@click.option("--no-check", is_flag=True, help="Whatever ekuiper check would say.")
@click.option("--plain", is_flag=True, help="Lines, no bars and colours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, when all is over.")
def deploy(what: Path, to: tuple[Place, ...], **given: Any) -> None:
    """Bring the plugin in ZIP or DIR to one or many eKuipers.

    A DIR is packed as ekuiper pack does, and the zip is checked as ekuiper check does. Then, on all
    hosts at the same time: uploads it under a name of its own, installs it, or replaces the edition
    there, and waits until it really answers. Each function is asked in a rule that never runs; of
    sources and sinks the plugin's process is looked at. Rules stay as they are.

    If anything fails, the edition from before is put back, or the new plugin removed, and it is
    said how the host is then. Where there is no way back nothing is begun. The edition before stays
    among the host's uploads, older ones are removed.

    \b
      ekuiper deploy --to http://edge1:9081
      ekuiper deploy weather.zip --to edge1 --to edge2 --dry-run

    The exit status is 0 if all hosts have it, 1 if one has not, 2 for wrong options.
    """
    if given["plain"] and given["as_json"]:
        raise click.UsageError("--plain and --json exclude each other")
    secret = token(given["token_file"])
    environment = environment_of(given["env"], given["platform"], given["python"])
    console = make_console(plain=given["plain"])
    quiet, live = given["as_json"], console.is_terminal and not given["plain"]
    try:
        zip = packed(what, environment, console, quiet=quiet, live=live) if what.is_dir() else what
        found = None if given["no_check"] else check_archive(zip, interpreter=_PATIENT)
        if found is not None and _stops(found):
            _print_check(console, zip, found, as_json=quiet)
            sys.exit(1)
        package = Package.read(zip)
    except (EkuiperError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if not quiet:
        title = f"{package.name} {package.version}".rstrip()
        console.print(f"{title}, {size(package.size)}, as {package.file}", markup=False)
    choices = Choices(
        wait=given["wait"],
        rollback=not given["no_rollback"],
        dry_run=given["dry_run"],
        checked=found,
    )
    stop = threading.Event()
    record = Record.default()
    with progress(console, [each.name for each in to], quiet=quiet, live=live) as tell:

        def one(place: Place) -> Outcome:
            with Rest(place, token=secret) as rest:
                return Deployment(rest, package, record, choices, tell, stop).run()

        outcomes = together(one, to, stop)
    if quiet:
        print_json(_object(package, found, outcomes))
    else:
        print_outcomes(console, outcomes)
    sys.exit(0 if all(each.done for each in outcomes) else 1)


def _stops(found: Checked) -> bool:
    """Whether no host would take it; what only some would not is held against each."""
    return any(each.severity == "error" and not str(each.hosts) for each in found.findings)


def _print_check(console: Console, zip: Path, found: Checked, *, as_json: bool) -> None:
    if as_json:
        findings = [finding_object(each) for each in found.findings]
        print_json({"findings": findings, "hosts": []})
    else:
        print_checked(console, zip, found, [])
        console.print("nothing was uploaded; --no-check deploys it all the same")


def _object(package: Package, found: Checked | None, outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        "plugin": package.name,
        "version": package.version,
        "file": package.file,
        "digest": package.digest,
        "findings": [finding_object(each) for each in found.findings] if found else [],
        "hosts": [outcome_object(each) for each in outcomes],
    }
