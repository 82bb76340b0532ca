"""The plugin that a verb is given."""

from pathlib import Path
from typing import IO, Any

import click

from ...bundle.manifesting import Described, load_plugin
from ...errors import DeclarationError, ManifestError

__all__ = ["plugin_in"]


class _NotDeclared(click.ClickException):
    """Shows the end of what the plugin file wrote, too."""

    def __init__(self, error: DeclarationError) -> None:
        super().__init__(str(error))
        self._log = error.log

    def show(self, file: IO[Any] | None = None) -> None:
        if self._log:
            click.echo(self._log, file=file, err=file is None)
        super().show(file)


def plugin_in(folder: Path, python: str) -> Described:
    """What the `<name>.json` in `folder` says, or its code, run under the interpreter `python`.
    Raises `click.ClickException`."""
    try:
        return load_plugin(folder, python=python)
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    except DeclarationError as error:
        raise _NotDeclared(error) from error
