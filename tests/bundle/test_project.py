"""What a plugin's folder says, read without running its code."""

import json
from pathlib import Path

import pytest

from ekuiper.bundle.project import Project
from ekuiper.errors import ManifestError

PYPROJECT = """
[project]
name = "air-quality"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["numpy>=1.26", "requests"]

[tool.ekuiper]
"""

MANIFEST = {"version": "2.0", "language": "python", "executable": "main.py", "functions": ["f"]}


def write(folder: Path, text: str = PYPROJECT, *, script: str = "air_quality.py") -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / script).parent.mkdir(exist_ok=True)
    (folder / script).touch()
    return folder


def refused(folder: Path) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        Project.load(folder)
    return caught.value


def test_pyproject(tmp_path: Path) -> None:
    """Everything comes from pyproject.toml; a plugin's name and file have no dashes."""
    project = Project.load(write(tmp_path))

    assert (project.folder, project.name, project.version) == (tmp_path, "air_quality", "1.2.0")
    assert project.script == tmp_path / "air_quality.py"
    assert project.python == ">=3.11"
    assert project.requirements == ("numpy>=1.26", "requests")
    assert (project.language, project.manifest) == ("python", None)


def test_own_name_and_script(tmp_path: Path) -> None:
    """[tool.ekuiper] may name the plugin and its file otherwise."""
    text = f'{PYPROJECT}name = "air"\nscript = "app/start.py"\n'
    project = Project.load(write(tmp_path, text, script="app/start.py"))

    assert (project.name, project.script) == ("air", tmp_path / "app" / "start.py")


def test_manifest_alone(tmp_path: Path) -> None:
    """A folder as eKuiper wants it is a project too, with no requirements."""
    (tmp_path / "main.py").touch()
    (tmp_path / "air.json").write_text(json.dumps(MANIFEST))
    project = Project.load(tmp_path)

    assert (project.name, project.version) == ("air", "2.0")
    assert project.script == tmp_path / "main.py"
    assert project.requirements == ()
    assert project.manifest is not None
    assert project.manifest.functions == ("f",)


def test_own_manifest_goes_first(tmp_path: Path) -> None:
    """A <name>.json beside the table is used as it is; other JSON files do not count."""
    write(tmp_path, script="main.py")
    (tmp_path / "air_quality.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "settings.json").write_text('{"language": "de"}')
    project = Project.load(tmp_path)

    assert (project.version, project.script) == ("2.0", tmp_path / "main.py")
    assert project.manifest is not None


def test_manifest_beside_a_pyproject_without_table(tmp_path: Path) -> None:
    """Then the requirements come from the one, all else from the other."""
    write(tmp_path, PYPROJECT.replace("[tool.ekuiper]", ""), script="main.py")
    (tmp_path / "air.json").write_text(json.dumps(MANIFEST))
    project = Project.load(tmp_path)

    assert (project.name, project.requirements) == ("air", ("numpy>=1.26", "requests"))


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (PYPROJECT + 'nmae = "x"', "tool.ekuiper.nmae", "did you mean 'name'"),
        (PYPROJECT + "name = 3", "tool.ekuiper.name", "must be text"),
        (PYPROJECT + 'name = "a/b"', "tool.ekuiper.name", "cannot be a name"),
        (PYPROJECT + 'script = "gone.py"', "tool.ekuiper.script", "no file 'gone.py'"),
        (PYPROJECT + 'script = "../x.py"', "tool.ekuiper.script", "outside"),
        (PYPROJECT.replace('name = "air-quality"', ""), "project.name", "is missing"),
        (PYPROJECT.replace('["numpy>=1.26", "requests"]', '"numpy"'), "project.dependencies", ""),
        ("[tool.ekuiper", "", "not readable TOML"),
        ("[project]\nname='x'", "", "add one"),
        ("tool = 3", "tool", "must be a table"),
    ],
)
def test_wrong(tmp_path: Path, text: str, field: str, words: str) -> None:
    """A mistake is named by file and key, and says what to do."""
    error = refused(write(tmp_path, text))

    assert (error.path, error.field) == (str(tmp_path / "pyproject.toml"), field)
    assert words in error.reason


def test_nothing_there(tmp_path: Path) -> None:
    """An empty folder is no project."""
    assert "holds no <name>.json" in refused(tmp_path).reason
