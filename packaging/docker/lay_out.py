"""Make the home of an eKuiper with plugins in it, from the zips that `ekuiper pack` wrote.

Does what eKuiper does when it installs a plugin, but before it runs: for images.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import zipfile
from pathlib import Path, PurePosixPath

FOLDERS = ("data/uploads", "log", "plugins/portable")
NATIVE = ("sources", "sinks", "functions", "wasm")
METADATA = ("sources", "sinks", "functions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--etc", type=Path, required=True, help="the settings to begin with")
    parser.add_argument("--home", type=Path, required=True, help="the folder to make")
    parser.add_argument("plugins", type=Path, help="the folder with the zips")
    given = parser.parse_args()
    try:
        for name in lay_out(given.etc, given.home, sorted(given.plugins.glob("*.zip"))):
            print("plugin", name)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"lay_out: {error}")


def lay_out(etc: Path, home: Path, zips: list[Path]) -> list[str]:
    """Make `home`; returns the names of the plugins in it."""
    if not zips:
        raise ValueError("there is no zip; make one: ekuiper pack --out plugins/NAME.zip")
    shutil.copytree(etc, home / "etc", dirs_exist_ok=True)
    for folder in (*FOLDERS, *(f"plugins/{kind}" for kind in NATIVE)):
        (home / folder).mkdir(parents=True, exist_ok=True)
    return [_install(path, home) for path in zips]


def _install(path: Path, home: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        name = _name(path, archive)
        folder = home / "plugins" / "portable" / name
        if folder.exists():
            raise ValueError(f"{path.name}: there is a plugin {name} already")
        for entry in archive.infolist():
            if not entry.is_dir():
                _write(archive, entry, _place(entry.filename, folder, home))
    return name


def _name(path: Path, archive: zipfile.ZipFile) -> str:
    """The plugin's: its manifest is called after it."""
    names = archive.namelist()
    if "install.sh" in names:
        raise ValueError(f"{path.name}: install.sh is not run here; do its work in the Dockerfile")
    for name in names:
        if "/" not in name and name.endswith(".json"):
            manifest = json.loads(archive.read(name))
            if isinstance(manifest, dict) and "executable" in manifest:
                return name.removesuffix(".json")
    raise ValueError(f"{path.name}: there is no <plugin>.json at its root; see ekuiper check")


def _place(name: str, folder: Path, home: Path) -> Path:
    """Where eKuiper would put it: settings and metadata of symbols to its own."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise ValueError(f"{name}: leaves the plugin's folder")
    below = home / "etc" if parts[0] in METADATA and len(parts) > 1 else folder
    return below.joinpath(*parts)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    if mode := entry.external_attr >> 16 & 0o777:
        target.chmod(mode)


if __name__ == "__main__":
    main()
