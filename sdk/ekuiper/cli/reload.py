"""`ekuiper reload`: new code for plugins that run."""

import sys

import click

from .overview.reloads import reload_plainly

__all__ = ["reload"]


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array of what became of each.")
def reload(names: tuple[str, ...], as_json: bool) -> None:
    """Have the plugins NAME, or all on this machine, go on with the code that is saved now.

    A new worker imports it and makes everything ready beside the old one, which then hands over
    its connections: rules run on, and no row or call is lost. If the new code fails, the old one
    goes on, and the reason is told.

    Plugins are those that an eKuiper of this user runs under a supervisor. EKUIPER_SOCKET_DIR says
    where to look, if not in /tmp. The exit status is 0 if all were reloaded, else 1.
    """
    try:
        sys.exit(reload_plainly(names, as_json=as_json))
    except KeyboardInterrupt:
        sys.exit(130)
