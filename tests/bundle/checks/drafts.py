"""A good plugin as a folder or zip, of which each broken one is a copy with one thing changed."""

import json
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Draft", "Raw", "write_zip"]

_CODE = '''\
from ekuiper import Function, PluginConfig, Source, plugin


class Echo(Function):
    """Give back what came."""

    def exec(self, args, ctx):
        return args[0]


class Numbers(Source):
    """Count."""

    def open(self, ctx):
        ctx.emit({{"n": 1}}, {{}})


if __name__ == "__main__":
    plugin.start(
        PluginConfig({name!r}, {{{source!r}: Numbers}}, {{}}, {{{function!r}: Echo}})
    )
'''


@dataclass(frozen=True)
class Raw:
    """An entry of a zip that is not a plain file with mode 0644."""

    content: bytes = b""
    mode: int = stat.S_IFREG | 0o644
    method: int = zipfile.ZIP_DEFLATED


@dataclass
class Draft:
    """The plugin `probe<mark>` with the function `f<mark>` and the source `s<mark>`."""

    mark: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str | bytes | Raw] = field(default_factory=dict)
    """By name; `<name>.json` goes before `manifest`, and a name with "/" at its end is a folder."""

    described: bool = True
    """Whether it has a manifest."""

    def __post_init__(self) -> None:
        self.name = f"probe{self.mark}"
        self.function = f"f{self.mark}"
        self.source = f"s{self.mark}"
        self.manifest = {
            "version": "1.0.0",
            "language": "python",
            "executable": "main.py",
            "sources": [self.source],
            "sinks": [],
            "functions": [self.function],
        }
        self.files = {
            "main.py": self.code(),
            "sources/": b"",
            f"sources/{self.source}.yaml": "default:\n  interval: 1000\n",
        }

    def code(self, **names: str) -> str:
        """The plugin file, with other names than it should have."""
        own = {"name": self.name, "source": self.source, "function": self.function}
        return _CODE.format(**{**own, **names})

    def contents(self) -> dict[str, str | bytes | Raw]:
        """All files, the manifest among them."""
        manifest = {f"{self.name}.json": json.dumps(self.manifest, indent=2)}
        return {**manifest, **self.files} if self.described else self.files

    def folder(self, path: Path) -> Path:
        """Write it as a folder."""
        for name, content in self.contents().items():
            file = path / name
            if name.endswith("/"):
                file.mkdir(parents=True, exist_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Raw):
                if stat.S_ISLNK(content.mode):
                    file.symlink_to(content.content.decode())
                    continue
                file.write_bytes(content.content)
                file.chmod(stat.S_IMODE(content.mode))
            else:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def zip(self, folder: Path) -> Path:
        """Write it as a zip, entries in the order in which they stand here."""
        return write_zip(folder / f"{self.name}.zip", self.contents())


def write_zip(path: Path, contents: Mapping[str, str | bytes | Raw]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if not isinstance(content, Raw):
                data = content.encode() if isinstance(content, str) else content
                folder = name.endswith("/")
                content = Raw(data, stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o644)
            header = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            header.create_system = 3
            header.external_attr = content.mode << 16
            header.compress_type = content.method
            archive.writestr(header, content.content)
    return path
