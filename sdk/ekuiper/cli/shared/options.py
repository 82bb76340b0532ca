"""Values of options that several verbs take."""

import os
import re
import shutil
import sys

import click

__all__ = ["duration", "interpreter"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")


def duration(text: str) -> float:
    """`500ms`, `10s`, `1.5m` or `2h`, as seconds; the type of an option."""
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if seconds <= 0:
        raise click.BadParameter(f"{text!r} is no duration; write 500ms, 10s, 5m or 1h")
    return seconds


def interpreter(path: str | None) -> str:
    """The program that --python names; by default the one that runs this. Raises
    `click.UsageError`."""
    if path is None:
        return sys.executable
    found = shutil.which(path)
    if found is None:
        raise click.UsageError(f"--python {path!r}: there is no such program")
    return os.path.abspath(found)  # the plugin's process starts in another folder
