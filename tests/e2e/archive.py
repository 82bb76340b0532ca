"""Plugin archives as eKuiper wants them."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["write_archive"]


def write_archive(
    path: Path,
    manifest: Mapping[str, Any],
    files: Mapping[str, str],
    sources: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write the archive of one plugin: its manifest, its `files` (name → text), and for each source
    its settings (name → configuration key → settings).

    Folders come first: eKuiper 2.4 makes no folder that has no entry of its own.
    """
    contents = dict(files)
    contents[f"{manifest['name']}.json"] = json.dumps(manifest)
    for source, settings in (sources or {}).items():
        contents[f"sources/{source}.yaml"] = json.dumps(settings)  # JSON is YAML too
    folders = {str(parent) for name in contents for parent in PurePosixPath(name).parents}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in sorted(folders - {"."}):
            archive.writestr(_entry(f"{folder}/", 0o40755), b"")
        for name, text in contents.items():
            archive.writestr(_entry(name, 0o100644), text)
    return path


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
    entry.external_attr = mode << 16
    return entry
