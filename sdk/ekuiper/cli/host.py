"""`ekuiper host`: what real eKuipers are doing."""

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from ..errors import HostError
from ..host.deploying import together
from ..host.rest import Place, Rest
from .hosts.looking import look_at_plugins, look_at_rules, look_at_status
from .hosts.tables import plugin_table, rule_table, status_table
from .shared.console import make_console
from .shared.hosts import to, token, token_file
from .shared.jsontext import print_json

__all__ = ["host"]

Look = Callable[[Rest], list[dict[str, Any]]]
Draw = Callable[[Sequence[tuple[str, dict[str, Any]]]], Table]

_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


class _Seen(NamedTuple):
    host: str
    found: list[dict[str, Any]]
    error: str


@click.group()
def host() -> None:
    """Look at one or many real eKuipers, without changing anything."""


@host.command()
@to
@token_file
@_as_json
def status(to: tuple[Place, ...], token_file: Path | None, as_json: bool) -> None:
    """Show their versions, and how much runs on them."""
    _show(to, token(token_file), look_at_status, status_table, "", as_json=as_json)


@host.command()
@to
@token_file
@_as_json
def plugins(to: tuple[Place, ...], token_file: Path | None, as_json: bool) -> None:
    """Show their portable plugins.

    eKuiper 1 does not tell how a plugin's process is; `from` is the archive it was installed from.
    """
    _show(to, token(token_file), look_at_plugins, plugin_table, "plugins", as_json=as_json)


@host.command()
@to
@token_file
@_as_json
def rules(to: tuple[Place, ...], token_file: Path | None, as_json: bool) -> None:
    """Show their rules, with rows in and out since they were started, and the last error."""
    _show(to, token(token_file), look_at_rules, rule_table, "rules", as_json=as_json)


def _show(
    places: Sequence[Place], secret: str | None, look: Look, draw: Draw, what: str, *, as_json: bool
) -> None:
    def one(place: Place) -> _Seen:
        try:
            with Rest(place, token=secret) as rest:
                return _Seen(place.name, look(rest), "")
        except HostError as error:
            return _Seen(place.name, [], str(error))

    seen = together(one, places, threading.Event())
    if as_json:
        hosts = [_object(each, what) for each in seen]
        print_json({"hosts": hosts})
    else:
        _print(seen, draw, what)
    sys.exit(1 if any(each.error for each in seen) else 0)


def _object(seen: _Seen, what: str) -> dict[str, Any]:
    if seen.error:
        return {"host": seen.host, "error": seen.error}
    return {"host": seen.host, **({what: seen.found} if what else seen.found[0])}


def _print(seen: Sequence[_Seen], draw: Draw, what: str) -> None:
    console = make_console()
    rows = [(each.host, one) for each in seen for one in each.found]
    if rows:
        console.print(draw(rows))
    for each in seen:
        if each.error:
            console.print(Text(f"✗ {each.error}", "red"))
        elif not each.found:
            console.print(Text(f"{each.host} has no {what}", "dim"))
