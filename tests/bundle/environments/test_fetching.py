"""Packages for another machine, from a folder of wheels instead of an index."""

from __future__ import annotations

import os
import shutil
import zipfile

import pytest
from tests.bundle.wheels import make_wheel

from ekuiper.bundle.environments.requirements import package_of, without_ours
from ekuiper.bundle.environments.target import Target
from ekuiper.bundle.pack import Environment, pack
from ekuiper.errors import PackError

ARM = Target.of("3.12", "linux_aarch64")
MANYLINUX = "cp312-cp312-manylinux_2_17_aarch64"

both_tools = pytest.mark.parametrize("tool", ["pip", "uv"])


@pytest.fixture
def with_tool(monkeypatch):
    """Have only this tool at hand, or skip."""

    def use(tool: str) -> None:
        found = shutil.which("uv")
        if tool == "uv" and found is None:
            pytest.skip("there is no uv here")
        monkeypatch.setenv("PATH", os.path.dirname(found) if tool == "uv" else "")

    return use


def names_in(packed, folder: str) -> set[str]:
    with zipfile.ZipFile(packed.path) as archive:
        return {name for name in archive.namelist() if name.startswith(folder)}


@both_tools
def test_vendored_for_another_machine(project, wheels, with_tool, tool):
    """What loads there, with what it needs in turn; what pip and uv leave of themselves is gone."""
    with_tool(tool)
    make_wheel(wheels, "one", tags=MANYLINUX, needs=("two",))
    make_wheel(wheels, "one", "2.0", tags="cp311-cp311-linux_x86_64")
    make_wheel(wheels, "two")
    packed = pack(project(requirements=["one"]), environment=Environment("vendor", target=ARM))
    names = names_in(packed, "lib/")

    assert {"lib/one.py", "lib/two.py", "lib/ekuiper/__init__.py"} <= names
    assert "lib/one-1.0.dist-info/METADATA" in names
    assert not {name for name in names if name.endswith(("INSTALLER", "REQUESTED", ".lock"))}
    assert any("Python 3.12 on linux_aarch64: one 1.0, two 1.0" in note for note in packed.notes)
    with zipfile.ZipFile(packed.path) as archive:
        launcher = archive.read("ekuiper_launch.py").decode()
    assert "machine='aarch64', python='3.12'" in launcher


@both_tools
def test_markers_are_told_by_the_other_machine(project, wheels, with_tool, tool):
    """Not by this one."""
    with_tool(tool)
    for name in ("there", "old", "here"):
        make_wheel(wheels, name)
    requirements = [
        "there; platform_machine == 'aarch64'",
        "old; python_version < '3.11'",
        "here; platform_machine == 'x86_64'",
    ]
    target = Target.of("3.10", "linux_aarch64")
    made = project(requirements=requirements)
    names = names_in(pack(made, environment=Environment("vendor", target=target)), "lib/")

    assert {"lib/there.py", "lib/old.py"} <= names
    assert "lib/here.py" not in names


@both_tools
def test_no_wheel_for_it(project, wheels, with_tool, tool):
    """Is told with the package, also one that another asked for, and the platform."""
    with_tool(tool)
    make_wheel(wheels, "one", needs=("binary_thing",))
    make_wheel(wheels, "binary_thing", tags="cp312-cp312-manylinux_2_17_x86_64")
    made = project(requirements=["one"])
    with pytest.raises(PackError) as caught:
        pack(made, environment=Environment("vendor", target=ARM))

    assert caught.value.place == "binary-thing"
    assert "no wheel for Python 3.12 on linux_aarch64" in caught.value.reason


def test_a_lock_with_hashes(project, wheels, with_tool):
    """Is beside the wheels, each of which it names."""
    with_tool("pip")
    make_wheel(wheels, "one", needs=("two",))
    make_wheel(wheels, "two")
    packed = pack(project(requirements=["one"]), environment=Environment("venv"))
    with zipfile.ZipFile(packed.path) as archive:
        lock = archive.read("wheels/requirements.lock").decode().splitlines()
        launcher = archive.read("ekuiper_launch.py").decode()

    assert [line.split(" --hash=sha256:")[0] for line in lock[1:]] == ["one==1.0", "two==1.0"]
    assert "library='lib', wheels='wheels'" in launcher
    assert "machine=" not in launcher  # they load anywhere


def test_conda(project, with_tool):
    """The manifest names the environment, and a file says what it is made of."""
    made = project(requirements=["numpy>=1.26"])
    packed = pack(made, environment=Environment("conda", "edge", Target.of("3.12")))
    with zipfile.ZipFile(packed.path) as archive:
        file = archive.read("environment.yml").decode()

    assert (packed.manifest.virtual_env_type, packed.manifest.env) == ("conda", "edge")
    assert file.startswith("name: edge\n")
    assert "  - python=3.12\n" in file
    assert '      - "numpy>=1.26"\n' in file


def test_ones_own_conda_environment(project):
    """Is taken as it is; another name in it is told."""
    made = project()
    (made.folder / "environment.yml").write_text("name: other\n")
    packed = pack(made, environment=Environment("conda", "edge"))

    assert any("is called 'other'" in note for note in packed.notes)
    with zipfile.ZipFile(packed.path) as archive:
        assert archive.read("environment.yml") == b"name: other\n"


def test_names_of_packages():
    """As indexes write them."""
    assert package_of(" Foo.Bar_baz[x]>=1 ; python_version>'3'") == "foo-bar-baz"
    kept, notes = without_ours(["Ekuiper", "pynng==0.8.1", "ekuiper-helpers"])
    assert kept == ["ekuiper-helpers"]
    assert len(notes) == 2
