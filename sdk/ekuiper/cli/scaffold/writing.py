"""Puts files into a folder: all of them, or none."""

import os
import shutil
import uuid
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
            _put(path, text.encode())
    except BaseException as error:
        _undo(before, made)
        if not isinstance(error, OSError):
            raise
        where = error.filename or path
        raise click.ClickException(f"{error.strerror}: {where}; nothing written") from error
    return partial(_undo, before, made)


def _put(path: Path, content: bytes) -> None:
    """All of it or, on a full disk say, nothing: what is there is replaced, not written into."""
    target = path.resolve()
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _undo(before: Mapping[Path, bytes | None], made: list[Path]) -> None:
    for path, content in before.items():
        if content is not None and path.read_bytes() != content:
            _put(path, content)
        elif content is None and path.is_file():
            path.unlink()
    for folder in reversed(made):
        folder.rmdir()
