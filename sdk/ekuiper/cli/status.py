"""`ekuiper status`: how the plugins on this machine are."""

import sys

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from .overview.look import Look, looks, print_plainly
from .overview.table import tables
from .overview.texts import section

__all__ = ["status"]


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array, with --watch each second.")
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
def status(names: tuple[str, ...], as_json: bool, watch: bool) -> None:
    """Show how the plugins NAME, or all on this machine, are.

    Those that an eKuiper of this user runs under a supervisor: their state, what ended their
    workers, memory, and for each symbol the rules that use it and what it has done since its
    worker began. Times are from a request's arrival to its answer, p50 and p99 of the last 512
    calls. EKUIPER_SOCKET_DIR says where to look, if not in /tmp.
    The exit status is 1 if there is no plugin of a NAME, else 0.
    """
    console = Console()
    try:
        if as_json or not console.is_terminal:
            sys.exit(print_plainly(looks(names, watch=watch), as_json=as_json))
        elif watch:
            _watch(console, names)
        else:
            (look,) = looks(names, watch=False)
            console.print(_drawn(look, console.width))
            sys.exit(int(bool(look.missing)))
    except KeyboardInterrupt:
        pass


def _watch(console: Console, names: tuple[str, ...]) -> None:
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for look in looks(names, watch=True):
            live.update(_drawn(look, console.width), refresh=True)


def _drawn(look: Look, width: int) -> RenderableType:
    notes = Text("\n".join(look.notes))
    if not look.found:
        return notes
    table = tables([section(each) for each in look.found], width)
    return Group(table, "", notes) if look.notes else table
