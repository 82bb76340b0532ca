"""`ekuiper doctor`: whether plugins can run on this machine."""

import sys

import click
from rich.console import Console

from ..host.local.checks import check
from ..host.local.machine import gather
from .diagnosis.plain import diagnose_plainly
from .diagnosis.table import drawn
from .diagnosis.texts import failed

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object with all findings.")
def doctor(as_json: bool) -> None:
    """Tell what is wrong with this machine for plugins, and what to do about it.

    Looks at the Python that runs this, and the one that each kuiperd here is set to start; rights
    on sockets, users, timeouts, disks; and at what ended hosts left behind: sockets that nobody
    listens at, and plugins whose host is gone. Nothing is changed.

    On a device it needs no package but this: python -m ekuiper doctor. The exit status is 0 if
    there is no error, else 1.
    """
    console = Console(highlight=False)
    if as_json or not console.is_terminal:
        sys.exit(diagnose_plainly(as_json=as_json))
    found = check(gather())
    console.print(drawn(found))
    sys.exit(1 if failed(found) else 0)
