"""Puts files into a folder: all of them, or none."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import click

__all__ = ["write_files"]


def write_files(folder: Path, files: Mapping[str, str]) -> Callable[[], None]:
    """Write texts to new files, and over old ones; returns what undoes it.

    Raises `click.ClickException` when one cannot be written; all is as it was before then.
    """
    before: dict[Path, bytes | None] = {}
    made: list[Path] = []
    try:
        for name, text in files.items():
            path = folder / name
            missing = [each for each in (path.parent, *path.parent.parents) if not each.exists()]
            for each in reversed(missing):
                each.mkdir()
                made.append(each)
            before[path] = path.read_bytes() if path.exists() else None
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        _undo(before, made)
        raise click.ClickException(
            f"{error.strerror}: {error.filename}; nothing written"
        ) from error
    return partial(_undo, before, made)


def _undo(before: Mapping[Path, bytes | None], made: list[Path]) -> None:
    for path, content in before.items():
        if content is not None:
            path.write_bytes(content)
        elif path.is_file():
            path.unlink()
    for folder in reversed(made):
        folder.rmdir()
