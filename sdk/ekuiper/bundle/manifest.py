"""`<name>.json`: what a plugin's folder declares to eKuiper."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AddressError, ManifestError
from ..protocol.addresses import Addresses

__all__ = ["Manifest", "check_name", "encode_manifest", "read_manifest", "read_manifest_file"]

_LANGUAGES = ("python", "go")


@dataclass(frozen=True)
class Manifest:
    """A plugin as its `<name>.json` declares it.

    `executable` is relative to the folder. `virtual_env_type` is None or "conda", and then `env`
    names the environment.
    """

    name: str
    version: str
    language: str
    executable: str
    virtual_env_type: str | None
    env: str | None
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    functions: tuple[str, ...]


def read_manifest(directory: Path) -> Manifest:
    """Find and read the one `<name>.json` in `directory` that describes a plugin.

    Other JSON files may lie beside it. Raises `ManifestError` for anything eKuiper would refuse,
    and for an executable that is not there.
    """
    return read_manifest_file(_find(directory))


def read_manifest_file(path: Path) -> Manifest:
    """Read the manifest at `path`; raises as `read_manifest` does."""
    return _Reader(path, _load(path)).manifest()


def encode_manifest(manifest: Manifest) -> bytes:
    """The content of its `<name>.json`."""
    fields: dict[str, Any] = {
        "name": manifest.name,
        "version": manifest.version,
        "language": manifest.language,
        "executable": manifest.executable,
    }
    if manifest.virtual_env_type is not None:
        fields |= {"virtualEnvType": manifest.virtual_env_type, "env": manifest.env}
    for kind in ("sources", "sinks", "functions"):
        fields[kind] = list(getattr(manifest, kind))
    return json.dumps(fields, indent=2, ensure_ascii=False).encode() + b"\n"


def check_name(path: str, field: str, name: str) -> None:
    """Names become socket paths, so for what no socket can be called this raises
    `ManifestError`."""
    try:
        Addresses().function(name)
    except AddressError as error:
        reason = f"{name!r} cannot be a name: {error.reason}"
        raise ManifestError(path, field, reason) from error


def _find(directory: Path) -> Path:
    if not directory.is_dir():
        raise ManifestError(str(directory), "", "is not a folder; name the folder of a plugin")
    paths = sorted(path for path in directory.glob("*.json") if path.is_file())
    if not paths:
        raise ManifestError(str(directory), "", "holds no <name>.json that describes a plugin")
    if len(paths) == 1:
        return paths[0]
    plugins = [path for path in paths if _describes_plugin(path)]
    if len(plugins) == 1:
        return plugins[0]
    names = ", ".join(path.name for path in plugins or paths)
    if plugins:
        raise ManifestError(str(directory), "", f"holds several plugins, keep one: {names}")
    reason = f"none of {names} describes a plugin: an object with language, executable and symbols"
    raise ManifestError(str(directory), "", reason)


def _describes_plugin(path: Path) -> bool:
    try:
        fields = _load(path)
    except ManifestError:
        return False
    return "executable" in fields or "language" in fields


def _load(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(str(path), "", f"is not readable JSON: {error}") from error
    if not isinstance(value, dict):
        raise ManifestError(str(path), "", f"must hold an object, not a {type(value).__name__}")
    return value


def _no_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class _Reader:
    """Takes typed fields out of one loaded file."""

    def __init__(self, path: Path, fields: dict[str, Any]) -> None:
        self._path = path
        self._fields = fields

    def manifest(self) -> Manifest:
        environment = self._virtual_env_type()
        manifest = Manifest(
            name=self._name(),
            version=self._text("version") or "",
            language=self._language(),
            executable=self._executable(),
            virtual_env_type=environment,
            env=self._text("env") if environment else None,
            sources=self._symbols("sources"),
            sinks=self._symbols("sinks"),
            functions=self._symbols("functions"),
        )
        if not (manifest.sources or manifest.sinks or manifest.functions):
            raise self._error("", "declares no source, sink or function")
        return manifest

    def _error(self, field: str, reason: str) -> ManifestError:
        return ManifestError(str(self._path), field, reason)

    def _text(self, field: str) -> str | None:
        value = self._fields.get(field)
        if value is not None and not isinstance(value, str):
            raise self._error(field, f"must be text, not {value!r}")
        if value and not value.isascii() and _no_unicode(value):
            raise self._error(field, f"{value!r} holds half a surrogate pair")
        return value

    def _name(self) -> str:
        stem = self._path.stem
        if self._text("name") not in (None, "", stem):
            reason = f"is {self._fields['name']!r}, but the file is called {self._path.name}"
            raise self._error("name", f"{reason}; make them agree")
        check_name(str(self._path), "name", stem)
        return stem

    def _language(self) -> str:
        language = self._text("language")
        if language not in _LANGUAGES:
            raise self._error("language", f'must be "python" (or "go"), not {language!r}')
        return language

    def _executable(self) -> str:
        executable = self._text("executable")
        if not executable:
            raise self._error("executable", "is missing; name the script to run, e.g. main.py")
        folder = self._path.parent.resolve()
        try:
            script = (folder / executable).resolve()
        except (OSError, ValueError, RuntimeError) as error:  # a zero byte; links in a circle
            raise self._error("executable", f"{executable!r} is no file: {error}") from error
        if folder not in script.parents:
            raise self._error("executable", f"{executable!r} lies outside the plugin's folder")
        if not script.is_file():
            raise self._error("executable", f"there is no file {executable!r} beside the manifest")
        return executable

    def _virtual_env_type(self) -> str | None:
        kind = self._text("virtualEnvType") or None
        if kind not in (None, "conda"):
            raise self._error("virtualEnvType", f'must be "conda" or left out, not {kind!r}')
        if kind and not self._text("env"):
            raise self._error("env", "is missing; name the conda environment")
        return kind

    def _symbols(self, field: str) -> tuple[str, ...]:
        names = self._fields.get(field)
        if names is None:
            return ()
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._error(field, f"must be a list of names, not {names!r}")
        for name in names:
            check_name(str(self._path), field, name)
        if len(set(names)) < len(names):
            raise self._error(field, f"names a symbol twice: {names!r}")
        return tuple(names)
