"""Manifests made from code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ekuiper.bundle.declared import Declared, DeclaredSymbol
from ekuiper.bundle.manifest import Manifest, encode_manifest, read_manifest
from ekuiper.bundle.manifesting import load_plugin, manifest_of
from ekuiper.bundle.project import Project
from ekuiper.errors import DeclarationError, ManifestError

PLUGIN = """
from ekuiper import Function, PluginConfig, plugin

class F(Function):
    def exec(self, args, ctx): ...

plugin.start(PluginConfig("air", functions={"f": F}))
"""

DECLARED = Declared(
    "air",
    "air.py:7",
    sources=(DeclaredSymbol("s"),),
    functions=(DeclaredSymbol("f"), DeclaredSymbol("g")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "air"\nversion = "1.0"\n[tool.ekuiper]\nscript = "app/air.py"\n'
    )
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "air.py").write_text(PLUGIN)
    return tmp_path


def test_from_code(folder: Path) -> None:
    """Name and version come from pyproject.toml, the symbols from the code."""
    assert manifest_of(Project.load(folder), DECLARED) == Manifest(
        name="air",
        version="1.0",
        language="python",
        executable="app/air.py",
        virtual_env_type=None,
        env=None,
        sources=("s",),
        sinks=(),
        functions=("f", "g"),
    )


def test_launcher_and_conda(folder: Path) -> None:
    """Whoever packs it may put a launcher in front, and name a conda environment."""
    manifest = manifest_of(Project.load(folder), DECLARED, executable="run.py", conda="vision")

    found = json.loads(encode_manifest(manifest))
    assert found["executable"] == "run.py"
    assert (found["virtualEnvType"], found["env"]) == ("conda", "vision")


def test_written_and_read(folder: Path) -> None:
    """What is written is read again as it was, and is the project's manifest from then on."""
    made = load_plugin(folder).manifest
    (folder / "air.json").write_bytes(encode_manifest(made))

    assert made.functions == ("f",)
    assert read_manifest(folder) == made
    (folder / "app" / "air.py").write_text("raise RuntimeError('not asked')")
    assert load_plugin(folder).manifest == made


def test_another_name(folder: Path) -> None:
    """Code and pyproject.toml must name the plugin alike; both are shown."""
    with pytest.raises(ManifestError) as caught:
        manifest_of(Project.load(folder), replace(DECLARED, name="wind"))

    assert "air.py:7 names the plugin 'wind', pyproject.toml 'air'" in str(caught.value)


def test_no_symbols(folder: Path) -> None:
    """A plugin without symbols is refused by every host."""
    with pytest.raises(ManifestError, match="no source, sink or function"):
        manifest_of(Project.load(folder), Declared("air", "air.py:7"))


def test_impossible_symbol(folder: Path) -> None:
    """A name that is no socket path is refused."""
    declared = Declared("air", "air.py:7", sinks=(DeclaredSymbol("a/b"),))
    with pytest.raises(ManifestError, match="cannot be a name"):
        manifest_of(Project.load(folder), declared)


def test_code_that_fails(folder: Path) -> None:
    """Without a manifest the code must run; what it raises is told with its line."""
    (folder / "app" / "air.py").write_text("import nowhere_at_all\n")
    with pytest.raises(DeclarationError, match=r"air\.py:1"):
        load_plugin(folder)
