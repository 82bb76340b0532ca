"""An archive to be deployed."""

import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ManifestError
from ...runtime.environment.wheels import digest_of

__all__ = ["Package", "is_edition"]

_DIGITS = 12  # of the digest, in names of files
_ODD = re.compile(r"[^\w.-]", re.ASCII)


@dataclass(frozen=True)
class Package:
    """The archive of a plugin, and what its manifest declares."""

    path: Path
    digest: str
    size: int
    name: str
    version: str
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    functions: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Package":
        """Read the manifest in an archive. Raises `ManifestError` if eKuiper would find none."""
        name, fields = _manifest(path)
        return cls(
            path=path,
            digest=digest_of(path),
            size=path.stat().st_size,
            name=name,
            version=str(fields.get("version") or ""),
            sources=_names(path, fields, "sources"),
            sinks=_names(path, fields, "sinks"),
            functions=_names(path, fields, "functions"),
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        return (*self.sources, *self.sinks, *self.functions)

    @property
    def file(self) -> str:
        """The name it has among a host's uploads: another one for other contents."""
        return f"{_stem(self.name)}-{self.digest[:_DIGITS]}.zip"

    def is_edition(self, file: str) -> bool:
        """Whether a file name is of an edition of this plugin."""
        return is_edition(self.name, file)


def is_edition(plugin: str, file: str) -> bool:
    """Whether a file has the name of an edition of this plugin that was deployed from here."""
    stem = re.escape(_stem(plugin))
    return re.fullmatch(rf"{stem}-[0-9a-f]{{{_DIGITS}}}(-\d+)?\.zip", file) is not None


def _stem(plugin: str) -> str:
    """Another one for each plugin, also where names differ in odd characters only."""
    plain = _ODD.sub("_", plugin)
    return plain if plain == plugin else f"{plain}-{zlib.crc32(plugin.encode()):08x}"


def _manifest(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            roots = [name for name in archive.namelist() if "/" not in name]
            found = {name: _fields(archive, name) for name in roots if name.endswith(".json")}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ManifestError(str(path), "", f"is no readable zip: {error}") from error
    plugins = {name: fields for name, fields in found.items() if fields.get("executable")}
    if len(plugins) != 1:
        many = ", ".join(plugins) if plugins else "no <name>.json with an executable"
        reason = f"holds {many} at its top; there must be one; `ekuiper pack` makes such a zip"
        raise ManifestError(str(path), "", reason)
    ((name, fields),) = plugins.items()
    return name.removesuffix(".json"), fields


def _fields(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    try:
        value = json.loads(archive.read(name).decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _names(path: Path, fields: dict[str, Any], key: str) -> tuple[str, ...]:
    names = fields.get(key) or ()
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ManifestError(str(path), key, f"must be a list of names, not {names!r}")
    return tuple(names)
