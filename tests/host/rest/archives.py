"""Archives as a stub of an eKuiper takes them."""

import json
import zipfile
from pathlib import Path

__all__ = ["plugin_zip"]


def plugin_zip(
    path: Path, name: str, *, version: str = "1", marks: tuple[str, ...] = (), **symbols: list[str]
) -> Path:
    """An archive as a stub takes it."""
    manifest = {
        "name": name,
        "version": version,
        "language": "python",
        "executable": "main.py",
        "sources": [],
        "sinks": [],
        "functions": [],
        **symbols,
    }
    with zipfile.ZipFile(path, "w") as archive:
        texts = {f"{name}.json": json.dumps(manifest), **dict.fromkeys(("main.py", *marks), "")}
        for file, text in texts.items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return path
