"""Good plugins, some of them strange: `check` finds no error in them, and hosts take them."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ekuiper.bundle.pack import pack
from ekuiper.bundle.project import Project

from .drafts import Draft, Raw, write_zip

__all__ = ["GOOD", "Good"]

Write = Callable[[Draft, Path], Path]


@dataclass(frozen=True)
class Good:
    """A plugin and how its zip is written; `warnings` are the ids of what it is warned of."""

    name: str
    change: Callable[[Draft], None]
    write: Write = Draft.zip
    warnings: tuple[str, ...] = ("import-on-host",)

    def build(self, folder: Path, mark: str = "") -> tuple[Draft, Path]:
        draft = Draft(mark)
        self.change(draft)
        return draft, self.write(draft, folder)


def nothing(draft: Draft) -> None:
    pass


def deep(draft: Draft) -> None:
    draft.files.update({"lib/": b"", "lib/deep/": b"", "lib/deep/data.txt": "x"})


def one_level(draft: Draft) -> None:
    del draft.files["sources/"]
    draft.files["data/rows.txt"] = "x"


def script_in_folder(draft: Draft) -> None:
    draft.manifest["executable"] = "app/run.py"
    draft.files = {"app/": b"", "app/run.py": draft.code(), "app/sums.py": "x = 1\n", **draft.files}
    del draft.files["main.py"]


def nulls(draft: Draft) -> None:
    draft.manifest.update(name=draft.name, sinks=None, virtualEnvType=None, env="")


def other_case(draft: Draft) -> None:
    written = {key.capitalize(): value for key, value in draft.manifest.items()}
    draft.files[f"{draft.name}.json"] = json.dumps(written)


def odd_names(draft: Draft) -> None:
    yaml = draft.files.pop(f"sources/{draft.source}.yaml")
    draft.name, draft.source = f"my probe{draft.mark}", f"s.ü{draft.mark}"
    draft.manifest["sources"] = [draft.source]
    draft.files["main.py"] = draft.code()
    draft.files[f"sources/{draft.source}.yaml"] = yaml


def empty_yaml(draft: Draft) -> None:
    draft.files[f"sources/{draft.source}.yaml"] = ""


def marked_yaml(draft: Draft) -> None:
    draft.files[f"sources/{draft.source}.yaml"] = b"\xef\xbb\xbfdefault:\n  interval: 10\n"


def strange_yaml(draft: Draft) -> None:
    """Keys that YAML takes for something else, anchors, and a group with nothing in it; the source
    needs the setting `a`."""
    text = (
        "base: &base\n  a: 1\nnone:\ndefault:\n  <<: *base\n  on: 1\n  '2': x\n  b: {c: [1, 2]}\n"
    )
    draft.files[f"sources/{draft.source}.yaml"] = text
    configure = "    def configure(self, datasource, conf):\n        conf['a']\n\n"
    draft.files["main.py"] = draft.code().replace("    def open", f"{configure}    def open")


def letters(draft: Draft) -> None:
    draft.files["größe.txt"] = "x"


def crlf(draft: Draft) -> None:
    draft.files["main.py"] = draft.code().replace("\n", "\r\n")


def install_script(draft: Draft) -> None:
    draft.files["install.sh"] = Raw(b"echo installed\n")


def metadata(draft: Draft) -> None:
    function = {"name": draft.function, "example": "f(x)", "args": [], "return": {"type": "any"}}
    about = {"trial": False, "description": {"en_US": "A test", "zh_CN": "A test"}}
    described = {"about": about, "functions": [function]}
    draft.files["functions/"] = b""
    draft.files[f"functions/{draft.function}.json"] = json.dumps(described)
    described = {"about": about, "properties": {"default": []}}
    draft.files[f"sources/{draft.source}.json"] = json.dumps(described)


def zip64(draft: Draft, folder: Path) -> Path:
    path = folder / f"{draft.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in draft.contents().items():
            header = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            header.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
            with archive.open(header, "w", force_zip64=True) as entry:
                entry.write(content.encode() if isinstance(content, str) else bytes(content))
    return path


def by_windows(draft: Draft, folder: Path) -> Path:
    """No modes are told."""
    path = folder / f"{draft.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in draft.contents().items():
            header = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            header.create_system = 0
            archive.writestr(header, content)
    return path


def by_python(draft: Draft, folder: Path) -> Path:
    """`ZipFile.write` of each file, without folders, with the modes that the files have."""
    plugin = draft.folder(folder / "plugin")
    path = folder / f"{draft.name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(plugin.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(plugin))
    return path


def with_something_before(draft: Draft, folder: Path) -> Path:
    path = draft.zip(folder)
    path.write_bytes(b"#!/bin/sh\nexit 1\n" + path.read_bytes())
    return path


def with_an_entry_twice(draft: Draft, folder: Path) -> Path:
    contents = draft.contents()
    path = write_zip(folder / f"{draft.name}.zip", {**contents, "main.pY": contents["main.py"]})
    path.write_bytes(path.read_bytes().replace(b"main.pY", b"main.py"))
    return path


def packed(draft: Draft, folder: Path) -> Path:
    project = Project.load(draft.folder(folder / "plugin"))
    return pack(project, out=folder / f"{draft.name}.zip").path


GOOD = (
    Good("plain", nothing),
    Good("ekuiper pack", nothing, packed, ()),
    Good("ekuiper pack, deeper", deep, packed, ()),
    Good("zip64", nothing, zip64),
    Good("made by Windows", nothing, by_windows),
    Good("made by Python", one_level, by_python),
    Good("something before the zip", nothing, with_something_before),
    Good("an entry twice", nothing, with_an_entry_twice, ("duplicate-entry", "import-on-host")),
    Good("deep folders", deep),
    Good("folders without entries, one level", one_level),
    Good("script in a folder", script_in_folder),
    Good("nulls in the manifest", nulls),
    Good("keys in another case", other_case, Draft.zip, ("key-case", "import-on-host")),
    Good("odd names", odd_names, Draft.zip, ("odd-name", "import-on-host")),
    Good("empty yaml", empty_yaml, Draft.zip, ("no-default", "import-on-host")),
    Good("yaml with byte order mark", marked_yaml),
    Good("strange yaml", strange_yaml),
    Good("letters in names", letters),
    Good("code with CRLF", crlf),
    Good("install.sh", install_script),
    Good("metadata", metadata),
)
