"""The manifest of the plugin that a verb is given."""

from pathlib import Path
from typing import IO, Any

import click

from ...bundle.manifest import Manifest
from ...bundle.manifesting import load_manifest
from ...errors import DeclarationError, ManifestError

__all__ = ["manifest_in"]

_PATIENCE = 300.0  # seconds that an import may take, as long as eKuiper's starts of functions wait


class _NotDeclared(click.ClickException):
    """Shows the end of what the plugin file wrote, too."""

    def __init__(self, error: DeclarationError) -> None:
        super().__init__(str(error))
        self._log = error.log

    def show(self, file: IO[Any] | None = None) -> None:
        if self._log:
            click.echo(self._log, file=file, err=file is None)
        super().show(file)


def manifest_in(folder: Path, python: str) -> Manifest:
    """The `<name>.json` in `folder`, or what its code declares under the interpreter `python`.
    Raises `click.ClickException`."""
    try:
        return load_manifest(folder, python=python, timeout=_PATIENCE)
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    except DeclarationError as error:
        raise _NotDeclared(error) from error
