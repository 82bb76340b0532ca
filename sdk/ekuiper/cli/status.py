"""`ekuiper status`: how the plugins on this machine are."""

from typing import Any

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from ..runtime.reach import socket_directory
from .overview.look import looks, print_plainly
from .overview.table import tables
from .overview.texts import nobody, section

__all__ = ["status"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array, with --watch each second.")
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
def status(as_json: bool, watch: bool) -> None:
    """Show how the plugins on this machine are.

    Those that an eKuiper of this user runs under a supervisor: their state, what ended their
    workers, memory, and for each symbol the rules that use it and what it has done since its
    worker began. Times are from a request's arrival to its answer, p50 and p99 of the last 512
    calls. EKUIPER_SOCKET_DIR says where to look, if not in /tmp.
    """
    console = Console()
    try:
        if as_json or not console.is_terminal:
            print_plainly(looks(watch=watch), as_json=as_json)
        elif watch:
            _watch(console)
        else:
            for found in looks(watch=False):
                console.print(_drawn(found, console.width))
    except KeyboardInterrupt:
        pass


def _watch(console: Console) -> None:
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for found in looks(watch=True):
            live.update(_drawn(found, console.width), refresh=True)


def _drawn(found: list[dict[str, Any]], width: int) -> RenderableType:
    if not found:
        return Text(nobody(socket_directory()))
    return tables([section(each) for each in found], width)
