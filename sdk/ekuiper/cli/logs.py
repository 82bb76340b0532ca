"""`ekuiper logs`: what plugins wrote into kuiperd's log."""

import sys

import click
from rich.console import Console
from rich.text import Text

from ..errors import HostError
from ..host.local.logs import Entry
from .journal.plain import folded, heading, log_plainly
from .journal.reading import Wanted, read
from .shared.texts import cell

__all__ = ["logs"]

_STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


@click.command()
@click.argument("name", required=False)
@click.option("--file", metavar="PATH", help="The log to read; - for standard input.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@click.option(
    "--last",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    metavar="N",
    help="So many entries; 0 for all.",
)
@click.option("--full", is_flag=True, help="Long tracebacks in full.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each entry.")
def logs(
    name: str | None, file: str | None, follow: bool, last: int, full: bool, as_json: bool
) -> None:
    """Show what the plugin NAME, or all, wrote into the log of the kuiperd on this machine.

    An entry is a record, a printed line or a whole traceback, with its level; the newest comes
    last. What kuiperd itself tells of a plugin's end is there as well. Printed lines do not say
    which plugin they are from: where several share the log, they have a dash instead of its name,
    and are not shown if NAME is given.
    """
    wanted = Wanted(name, file, last, follow)
    console = Console(highlight=False)
    try:
        if as_json or not console.is_terminal:
            sys.exit(log_plainly(wanted, as_json=as_json, full=full))
        more = read(wanted, lambda entry: console.print(_drawn(entry, full), soft_wrap=True))
        if more:
            console.print(Text(more, "dim"))
    except BrokenPipeError:
        raise  # whoever reads has enough
    except (HostError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        pass


def _drawn(entry: Entry, full: bool) -> Text:
    style = _STYLES.get(entry.level or "", "")
    text = Text().append(heading(entry), "dim").append(cell(entry.text), style)
    for line in folded(entry, full=full):
        text.append(f"\n{line}", "dim")
    return text
