"""Plugin archives of tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ekuiper.bundle import archive
from ekuiper.bundle.archive import Entry

__all__ = ["write_archive"]


def write_archive(
    path: Path,
    manifest: Mapping[str, Any],
    files: Mapping[str, str],
    sources: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write the archive of one plugin: its manifest, its `files` (name → text), and for each source
    its settings (name → configuration key → settings)."""
    contents = dict(files)
    contents[f"{manifest['name']}.json"] = json.dumps(manifest)
    for source, settings in (sources or {}).items():
        contents[f"sources/{source}.yaml"] = json.dumps(settings)  # JSON is YAML too
    archive.write_archive(path, [Entry(name, text.encode()) for name, text in contents.items()])
    return path
