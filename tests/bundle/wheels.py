"""Tiny wheels, made on the spot: no index is asked for them."""

from __future__ import annotations

from pathlib import Path

from ekuiper.bundle.archive import Entry, write_archive

__all__ = ["make_wheel"]


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    tags: str = "py3-none-any",
    needs: tuple[str, ...] = (),
    files: dict[str, bytes] | None = None,
) -> Path:
    """The wheel of a package that holds a module of its name, whose `version` is in it."""
    information = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {each}\n" for each in needs)
    texts = {
        f"{name}.py": f"version = {version!r}\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        f"{requires}",
        f"{information}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n",
    }
    contents = {path: text.encode() for path, text in texts.items()} | (files or {})
    record = "".join(f"{path},,\n" for path in [*contents, f"{information}/RECORD"])
    contents[f"{information}/RECORD"] = record.encode()
    path = folder / f"{name}-{version}-{tags}.whl"
    write_archive(path, [Entry(each, content) for each, content in contents.items()])
    return path
