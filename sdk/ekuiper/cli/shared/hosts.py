"""Options that say which eKuiper is meant, and what lets us in."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ...host.rest import Place

__all__ = ["one_to", "to", "token", "token_file"]

_VARIABLE = "EKUIPER_TOKEN"

F = TypeVar("F", bound=Callable[..., Any])


class _PlaceType(click.ParamType):  # type: ignore[type-arg]
    name = "URL"

    def convert(self, value: Any, param: Any, ctx: Any) -> Place:
        try:
            return Place.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _once(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    return tuple(dict.fromkeys(value))


def to(command: F) -> F:
    """Add `--to`, given once or more often; the parameter `to` is a tuple of `Place`."""
    return click.option(
        "--to",
        multiple=True,
        required=True,
        type=_PlaceType(),
        callback=_once,
        help="The REST interface of an eKuiper, as in http://edge1:9081; may be repeated.",
    )(command)


def one_to(command: F) -> F:
    """Add `--to`, given once; the parameter `to` is a `Place`."""
    return click.option(
        "--to",
        required=True,
        type=_PlaceType(),
        help="The REST interface of an eKuiper, as in http://edge1:9081.",
    )(command)


def token_file(command: F) -> F:
    """Add `--token-file`, whose value `token` takes."""
    return click.option(
        "--token-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Holds what goes into the header Authorization; else {_VARIABLE} does.",
    )(command)


def token(file: Path | None) -> str | None:
    """The token from a file, else from EKUIPER_TOKEN; it is in no message. Raises
    `click.UsageError`."""
    where = str(file) if file else _VARIABLE
    try:
        found = file.read_text("utf-8") if file else os.environ.get(_VARIABLE, "")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text"
        raise click.UsageError(f"{where}: {reason}") from None
    found = found.strip()
    if found and not (found.isascii() and found.isprintable()):
        raise click.UsageError(f"{where}: a token is one line of plain characters")
    return found or None
