"""Where a broken edition would be the end of the host, its code is tried there before."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekuiper.bundle.checks import check_archive
from ekuiper.bundle.pack import pack
from ekuiper.bundle.project import Project
from ekuiper.host.deploying import Choices, Outcome, Package
from ekuiper.host.deploying.checking import ends_itself
from ekuiper.host.deploying.rehearsal import write_rehearsal

from ..rest.archives import plugin_zip
from ..rest.stub import Stub
from .test_deployment import Deploying

NAME = "rehearsal_mine_1"
PYPROJECT = '[project]\nname = "mine"\n[tool.ekuiper]\nscript = "src/mine.py"\n'
CODE = """\
from ekuiper import Function, PluginConfig, Source, plugin


class First(Function):
    def exec(self, args, ctx):
        return None


class Rows(Source):
    def open(self, ctx):
        pass


if __name__ == "__main__":
    plugin.start(PluginConfig("mine", {"rows": Rows}, {}, {"first": First}))
"""


def packed(folder: Path, code: str = CODE, *more: str) -> Package:
    (folder / "p" / "src").mkdir(parents=True)
    (folder / "p" / "pyproject.toml").write_text(PYPROJECT)
    for name, text in {"src/mine.py": code, **dict.fromkeys(more, "x")}.items():
        (folder / "p" / name).write_text(text)
    return Package.read(pack(Project.load(folder / "p"), out=folder / "mine.zip").path)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub("2.0.8") as running:
        yield running


def deploy(stub: Stub, folder: Path, package: Package, *, check: bool = True) -> Outcome:
    found = check_archive(package.path)
    choices = Choices(wait=0.5, settle=0, checked=found if check else None)
    return Deploying(stub, folder).deploy(package, choices)


@pytest.mark.parametrize(
    ("version", "does"),
    [
        ("1.14.7", False),
        ("2.0.0", True),
        ("2.0.8", True),
        ("2.1.0-beta.2", True),
        ("2.1.1", False),
        ("2.4.0", False),
        ("unknown", False),
    ],
)
def test_versions(version: str, does: bool) -> None:
    """2.0 and 2.1.0 are meant."""
    assert ends_itself(version) == does


def test_what_is_tried(tmp_path: Path) -> None:
    """A plugin of its own: it has the code, no symbol of it and none of the files that hosts keep
    for symbols; and it is one that hosts take."""
    path = tmp_path / f"{NAME}.zip"
    assert write_rehearsal(packed(tmp_path), NAME, path)
    checked = check_archive(path)

    assert checked.errors == 0
    assert checked.manifest is not None
    assert (checked.manifest.name, checked.manifest.functions) == (NAME, (NAME,))
    names = zipfile.ZipFile(path).namelist()
    assert "src/mine.py" in names
    assert not [name for name in names if name.startswith(("mine.json", "sources/", "functions/"))]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("raise ValueError('broken')", "ValueError: broken (mine.py:1)"),
        ("import sys; sys.exit(0)", "sys.exit(0)"),
    ],
)
def test_code_that_fails(tmp_path: Path, line: str, told: str) -> None:
    """What it raises is told as by the plugin itself."""
    package = packed(tmp_path)
    (tmp_path / "p" / "src" / "mine.py").write_text(f"{line}\n{CODE}")
    with zipfile.ZipFile(package.path) as old, zipfile.ZipFile(tmp_path / "b.zip", "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, f"{line}\n{CODE}" if info.filename == "src/mine.py" else content)
    path = tmp_path / f"{NAME}.zip"
    write_rehearsal(Package.read(tmp_path / "b.zip"), NAME, path)
    (found,) = [each for each in check_archive(path).findings if each.id == "code-fails"]
    assert told in found.reason


def test_tried_and_installed(stub: Stub, tmp_path: Path) -> None:
    """Under another name first, of which nothing stays."""
    outcome = deploy(stub, tmp_path, packed(tmp_path))
    assert (outcome.did, outcome.notes) == ("installed", [])
    (tried,) = [path for path in stub.asked("DELETE") if "/plugins/portables/" in path]
    assert "rehearsal_mine_" in tried
    assert list(stub.installed) == ["mine"]
    assert len(stub.uploads) == 1
    assert not stub.streams


def test_tried_in_vain(stub: Stub, tmp_path: Path) -> None:
    """The edition there is not touched."""
    first = tmp_path / "1"
    second = tmp_path / "2"
    deploy(stub, first, packed(first))
    outcome = deploy(stub, second, packed(second, CODE, "dies"))
    assert "its code fails there: its process has ended: exit status 1" in outcome.reason
    assert outcome.left == "the host is as it was"
    assert not stub.asked("PUT")
    assert list(stub.installed) == ["mine"]
    assert len(stub.uploads) == 1


def test_not_tried(stub: Stub, tmp_path: Path) -> None:
    """Without checks; and with a note what is none of our packs."""
    deploy(stub, tmp_path, packed(tmp_path), check=False)
    assert len(stub.asked("POST /plugins")) == 1
    foreign = Package.read(plugin_zip(tmp_path / "f.zip", "foreign", functions=["f"]))
    found = check_archive(tmp_path / "mine.zip")
    outcome = Deploying(stub, tmp_path).deploy(foreign, Choices(wait=0.5, settle=0, checked=found))
    assert "eKuiper 2.0.8 ends itself if this code cannot be imported there" in outcome.notes


def test_a_function_that_is_no_more(stub: Stub, tmp_path: Path) -> None:
    """A rule that used it would be the end of the host: refused, with what to do."""
    first = tmp_path / "1"
    second = tmp_path / "2"
    deploy(
        stub, first, packed(first, CODE.replace('"first": First', '"first": First, "old": First'))
    )
    outcome = deploy(stub, second, packed(second))
    assert "has the function 'old'" in outcome.reason
    assert "eKuiper 2.0.8 ends itself then, with all rules; --no-check" in outcome.reason
