"""`ekuiper check`: what is wrong with a plugin, told before eKuiper meets it."""

import sys
from pathlib import Path

import click

from ..bundle.checks import Checked, Interpreter, Target
from ..errors import EkuiperError
from ..host.rest import Place, Rest
from .checking.report import print_checked
from .shared.checking import checked, finding_object, target_of
from .shared.console import make_console
from .shared.hosts import token, token_file
from .shared.jsontext import print_json
from .shared.options import duration, interpreter

__all__ = ["check"]

_WHAT = click.Path(exists=True, path_type=Path)


def _place(text: str) -> Place:
    try:
        return Place.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("what", metavar="[DIR|ZIP]", type=_WHAT, default=".")
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=_place,
    metavar="URL",
    help="Also against this eKuiper, as in http://edge1:9081; may be repeated.",
)
@token_file
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--python", metavar="PYTHON", help="The interpreter to run the code with.")
@click.option(
    "--timeout",
    type=duration,
    default="30s",
    metavar="TIME",
    help="How long the code may take until it calls plugin.start (30s).",
)
@click.option("--plain", is_flag=True, help="No colours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(
    what: Path,
    targets: tuple[Place, ...],
    token_file: Path | None,
    strict: bool,
    python: str | None,
    timeout: float,
    plain: bool,
    as_json: bool,
) -> None:
    """Tell what eKuiper would refuse of the plugin in DIR or ZIP, or what could not work there.

    The manifest against the code, which is run up to plugin.start in a process of its own; every
    rule that eKuiper 1.14 to 2.4 has for a zip; names, settings, imports and lengths of paths. A
    folder is checked as ekuiper pack would make it a zip. With --target also against the version,
    the plugins and the symbols of a real eKuiper, without changing anything there.

    Each finding has an id, which docs/checks.md explains. The exit status is 0 if there is no
    error, 1 if there is one (with --strict: or a warning), 2 for wrong options.
    """
    if plain and as_json:
        raise click.UsageError("--plain and --json exclude each other")
    secret = token(token_file)
    program = Interpreter(interpreter(python), timeout)
    try:
        hosts = [_target(place, secret) for place in dict.fromkeys(targets)]
        found = checked(what, interpreter=program, targets=hosts)
    except (EkuiperError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(_object(what, found))
    else:
        print_checked(make_console(plain=plain), what, found, [host.place for host in hosts])
    failed = bool(found.findings) if strict else bool(found.errors)
    sys.exit(1 if failed else 0)


def _target(place: Place, secret: str | None) -> Target:
    with Rest(place, token=secret) as rest:
        return target_of(rest)


def _object(what: Path, found: Checked) -> dict[str, object]:
    return {
        "path": str(what),
        "plugin": found.manifest.name if found.manifest else None,
        "errors": found.errors,
        "warnings": len(found.findings) - found.errors,
        "findings": [finding_object(each) for each in found.findings],
    }
