"""A folder made into a zip: what is in it, and what is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tracemalloc
import zipfile

import pytest

from ekuiper.bundle.contents import LeftOut
from ekuiper.bundle.launching import LAUNCHER, launcher_text
from ekuiper.bundle.pack import Environment, default_path, pack
from ekuiper.bundle.planning import ENVIRONMENTS, misplaced
from ekuiper.bundle.project import Project
from ekuiper.errors import PackError

from .wheels import make_wheel


def held(packed) -> zipfile.ZipFile:
    return zipfile.ZipFile(packed.path)


def test_it_holds_what_a_host_wants(project):
    """The manifest at its root, settings for each source, the launcher, and this SDK."""
    packed = pack(project())
    with held(packed) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("p.json"))
        launcher = archive.read(LAUNCHER).decode()

    assert packed.path == default_path(project()) == packed.path.parent / "p-1.2.zip"
    assert manifest["executable"] == LAUNCHER
    assert (manifest["sources"], manifest["functions"]) == (["rows"], ["echo"])
    assert {"p.py", "pyproject.toml", "sources/rows.yaml", "functions/echo.json"} <= set(names)
    assert "lib/ekuiper/runtime/launcher.py" in names
    assert "sys.version_info < (3, 11)" in launcher
    assert [name for name, _ in packed.entries] == [n for n in names if not n.endswith("/")]


@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_twice_the_same_bytes(project, wheels, kind, tmp_path):
    """Whatever the environment, and wherever it is written to."""
    make_wheel(wheels, "one", needs=("two",))
    make_wheel(wheels, "two")
    environment = Environment(kind, "it" if kind == "conda" else "")
    made = project(requirements=["one"])
    first = pack(made, environment=environment)
    second = pack(made, environment=environment, out=tmp_path / "again.zip")

    assert first.digest == second.digest
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_folder_as_a_host_has_it(tmp_path):
    """With a manifest of its own the code is not run; settings that lack are added."""
    (tmp_path / "q.py").write_text("raise SystemExit('was run')")
    manifest = {"language": "python", "executable": "q.py", "sources": ["s"], "version": "v1"}
    (tmp_path / "q.json").write_text(json.dumps(manifest))
    with held(pack(Project.load(tmp_path))) as archive:
        assert json.loads(archive.read("q.json"))["executable"] == LAUNCHER
        assert archive.read("sources/s.yaml") == b"default:\n"


def test_a_plugin_in_go(tmp_path):
    """Is packed as it is: no launcher, and nothing of ours."""
    manifest = {"language": "go", "executable": "prog", "functions": ["f"], "version": "v1"}
    (tmp_path / "g.json").write_text(json.dumps(manifest))
    (tmp_path / "prog").write_bytes(b"ELF")
    (tmp_path / "prog").chmod(0o755)
    project = Project.load(tmp_path)
    with held(pack(project)) as archive:
        assert archive.namelist() == ["g.json", "prog"]
        assert json.loads(archive.read("g.json"))["executable"] == "prog"
        assert archive.getinfo("prog").external_attr >> 16 & 0o777 == 0o755
    with pytest.raises(PackError, match="in Python"):
        pack(project, environment=Environment("vendor"))


def test_what_is_left_out_is_told(project):
    """A secret, a cache, and the zip itself; the table has the last word."""
    made = project("include = ['ca.pem']\nexclude = ['*.md']")
    for name in ("ca.pem", "key.pem", "notes.md"):
        (made.folder / name).write_text("")
    pack(made, out=made.folder / "p.zip")
    packed = pack(made, out=made.folder / "p.zip")

    assert packed.left_out == (LeftOut("key.pem", "secret"), LeftOut("notes.md", "excluded"))
    names = [name for name, _ in packed.entries]
    assert "ca.pem" in names
    assert "p.zip" not in names


def test_a_script_below(project):
    """Its launcher lies beside it, so that the plugin is started in the folder it expects."""
    with held(pack(project("script = 'src/p.py'", script="src/p.py"))) as archive:
        assert json.loads(archive.read("p.json"))["executable"] == f"src/{LAUNCHER}"
        assert "library='../lib'" in archive.read(f"src/{LAUNCHER}").decode()


@pytest.mark.parametrize(
    ("table", "script", "words"),
    [
        ("script = 'functions/p.py'", "functions/p.py", "eKuiper keeps functions/ for itself"),
        ("script = 'test_p.py'", "test_p.py", r"left out \(test: test_p.py\)"),
        ("exclude = ['p.py']", "p.py", r"left out \(excluded: p.py\)"),
    ],
)
def test_a_script_that_would_not_be_there(project, table, script, words):
    """Is an error, not a plugin that fails on the host."""
    with pytest.raises(PackError, match=words):
        pack(project(table, script=script))


def test_files_that_end_up_elsewhere(project):
    """Are told."""
    made = project()
    (made.folder / "functions").mkdir()
    (made.folder / "functions" / "helper.py").write_text("")
    (made.folder / "install.sh").write_text("")

    notes = pack(made).notes
    assert any("functions/helper.py will not be beside the plugin" in note for note in notes)
    assert any("runs install.sh" in note for note in notes)
    assert misplaced(["sources/a.yaml", "sinks/b/c.py", "functions/", "x"]) == ["sinks/b/c.py"]


def test_what_we_bring_along_is_not_fetched(project, wheels):
    """`ekuiper` and `pynng` are our own wheel, with a note; also where another package asks."""
    make_wheel(wheels, "one", needs=("ekuiper==3.0.0.dev0",))
    made = project(requirements=["ekuiper==2.4.2", "PyNNG>=0.8", "one"])
    packed = pack(made, environment=Environment("venv"))

    assert "'ekuiper==2.4.2' is ekuiper 3.0.0.dev0, which the pack brings along" in packed.notes
    assert any(note.startswith("'PyNNG>=0.8' is left out") for note in packed.notes)
    assert [n for n, _ in packed.entries if n.startswith("wheels/")] == [
        "wheels/one-1.0-py3-none-any.whl",
        "wheels/requirements.lock",
    ]


def test_a_large_folder(project):
    """Is streamed: memory does not grow with it, and progress is told."""
    made = project()
    with (made.folder / "model.bin").open("wb") as file:
        file.truncate(100 << 20)
    steps: list[tuple[int, int]] = []
    pack(made)  # so that what is loaded once is
    tracemalloc.start()
    packed = pack(made, progress=lambda done, total: steps.append((done, total)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 32 << 20
    assert len(steps) > 100
    assert steps[-1][0] == steps[-1][1] == sum(size for _, size in packed.entries)


def test_two_of_one_name(project):
    """A folder that is a pack already."""
    made = project()
    (made.folder / LAUNCHER).write_text("")
    with pytest.raises(PackError, match=LAUNCHER):
        pack(made)


def test_the_launcher_is_for_any_python(tmp_path):
    """It is read by Python 2 as well, and tells too old a one what is needed."""
    text = launcher_text("päp", "p.py", ">=3.11,<4", {"library": "lib"})
    assert text.isascii()
    found = [each for each in ("python2", "python3.8", "python3.9") if shutil.which(each)]
    for python in found:
        (tmp_path / "launch.py").write_text(text)
        result = subprocess.run([python, tmp_path / "launch.py"], capture_output=True, text=True)
        if "version" in result.stderr and "command not found" in result.stderr:
            continue  # the shim of a version manager
        assert result.returncode == 1
        assert "needs Python 3.11 or newer" in result.stderr
        assert "pythonBin" in result.stderr
    assert sys.version_info[0] == 3
