"""Reading `<name>.json`."""

import json
from pathlib import Path
from typing import Any

import pytest

from ekuiper.bundle.manifest import Manifest, read_manifest
from ekuiper.errors import ManifestError

GOOD: dict[str, Any] = {
    "version": "1.0.0",
    "language": "python",
    "executable": "main.py",
    "sources": ["counter"],
    "functions": ["revert"],
}


def plugin(folder: Path, *, stem: str = "mirror", **changes: Any) -> Path:
    (folder / "main.py").touch()
    fields = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    (folder / f"{stem}.json").write_text(json.dumps(fields), encoding="utf-8")
    return folder


def refused(folder: Path) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read_manifest(folder)
    return caught.value


def test_fields(tmp_path: Path) -> None:
    """A manifest is named after its file, and what it leaves out is empty."""
    assert read_manifest(plugin(tmp_path)) == Manifest(
        name="mirror",
        version="1.0.0",
        language="python",
        executable="main.py",
        virtual_env_type=None,
        env=None,
        sources=("counter",),
        sinks=(),
        functions=("revert",),
    )


def test_null_means_left_out(tmp_path: Path) -> None:
    """Go writes null for an empty list, so null is accepted for every optional field."""
    manifest = read_manifest(plugin(tmp_path, sinks=None, version=None, name=None, env=None))
    assert (manifest.sinks, manifest.version, manifest.env) == ((), "", None)


def test_conda(tmp_path: Path) -> None:
    """A conda environment is named by `env`."""
    manifest = read_manifest(plugin(tmp_path, virtualEnvType="conda", env="vision"))
    assert (manifest.virtual_env_type, manifest.env) == ("conda", "vision")


def test_executable_in_a_folder(tmp_path: Path) -> None:
    """The executable may lie deeper in the plugin's folder."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "run.py").touch()
    assert read_manifest(plugin(tmp_path, executable="app/run.py")).executable == "app/run.py"


def test_other_json_files_may_lie_beside(tmp_path: Path) -> None:
    """Only the file that describes a plugin counts, even beside broken JSON."""
    plugin(tmp_path)
    (tmp_path / "labels.json").write_text("[1, 2]")
    (tmp_path / "broken.json").write_text("{")
    assert read_manifest(tmp_path).name == "mirror"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "other", "file is called mirror.json"),
        ("name", 3, "must be text"),
        ("version", 1.0, "must be text"),
        ("version", "1\ud800", "half a surrogate pair"),
        ("language", "ruby", 'must be "python"'),
        ("language", ..., 'must be "python"'),
        ("executable", ..., "is missing"),
        ("executable", "", "is missing"),
        ("executable", "gone.py", "no file 'gone.py'"),
        ("executable", "../main.py", "outside the plugin's folder"),
        ("executable", ".", "outside the plugin's folder"),
        ("executable", "main.py\0", "is no file"),
        ("virtualEnvType", "venv", 'must be "conda"'),
        ("sources", "counter", "must be a list of names"),
        ("sinks", [1], "must be a list of names"),
        ("functions", ["f", "f"], "twice"),
        ("functions", ["a/b"], "cannot be a name"),
        ("functions", [""], "cannot be a name"),
    ],
)
def test_wrong_fields(tmp_path: Path, field: str, value: Any, words: str) -> None:
    """A wrong field is named, with its file and what to do."""
    error = refused(plugin(tmp_path, **{field: value}))
    assert (error.path, error.field) == (str(tmp_path / "mirror.json"), field)
    assert words in error.reason


def test_conda_without_environment(tmp_path: Path) -> None:
    """conda without `env` would crash eKuiper's start of the plugin; the missing field is named."""
    assert refused(plugin(tmp_path, virtualEnvType="conda")).field == "env"


def test_no_symbol(tmp_path: Path) -> None:
    """A plugin declares at least one symbol."""
    error = refused(plugin(tmp_path, sources=[], functions=...))
    assert "no source, sink or function" in str(error)


def test_name_that_is_no_socket(tmp_path: Path) -> None:
    """The plugin's name becomes a socket path, so dots that climb are refused."""
    assert refused(plugin(tmp_path, stem="a..b")).field == "name"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not readable JSON"),
        (b"\xff\xfe{}", "not readable JSON"),
        (b"\xef\xbb\xbf{}", "not readable JSON"),
        (b"[" * 100_000, "not readable JSON"),
        (b"[]", "must hold an object"),
        (b"null", "must hold an object"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, words: str) -> None:
    """A file that is no JSON object, or not plain UTF-8, is refused as a whole."""
    (tmp_path / "mirror.json").write_bytes(content)
    assert words in refused(tmp_path).reason


def test_no_manifest(tmp_path: Path) -> None:
    """A folder without JSON file, and a path that is no folder, are refused."""
    assert "no <name>.json" in str(refused(tmp_path))
    assert "not a folder" in str(refused(tmp_path / "gone"))


def test_several_manifests(tmp_path: Path) -> None:
    """Of two plugins in one folder none is chosen."""
    plugin(tmp_path)
    plugin(tmp_path, stem="second")
    assert "several plugins" in refused(tmp_path).reason
    assert "mirror.json, second.json" in refused(tmp_path).reason


def test_several_files_but_no_manifest(tmp_path: Path) -> None:
    """Among several files of which none describes a plugin, all are named."""
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("[]")
    assert "none of a.json, b.json" in refused(tmp_path).reason
