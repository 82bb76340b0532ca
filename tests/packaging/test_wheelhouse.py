"""The folder of wheels, and the environment of conda."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ekuiper.bundle.archive import Entry, write_archive
from ekuiper.bundle.wheel import own_version

from .recipe import DOCKER

RECIPES = DOCKER.parent
SCRIPT = RECIPES / "wheelhouse" / "wheelhouse.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def wheel(folder: Path, tag: str) -> Path:
    """One of a package that no index has."""
    info = "edgy-1.0.dist-info"
    path = folder / f"edgy-1.0-{tag}.whl"
    metadata = "Metadata-Version: 2.1\nName: edgy\nVersion: 1.0\n"
    tags = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"
    files = {"edgy.py": "", f"{info}/METADATA": metadata, f"{info}/WHEEL": tags}
    files[f"{info}/RECORD"] = ""
    write_archive(path, [Entry(name, text.encode()) for name, text in files.items()])
    return path


def test_without_requirements_it_is_this_sdk_alone(tmp_path: Path) -> None:
    """One wheel for all machines."""
    done = run(tmp_path / "wheels")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [f"ekuiper-{own_version()}-py3-none-any.whl"]
    requirements = (tmp_path / "wheels" / "requirements.txt").read_text()
    assert requirements == f"ekuiper=={own_version()}\n"


def test_wheels_of_several_machines_are_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip chooses among them; this SDK takes the place of what requirements call ekuiper."""
    found = tmp_path / "found"
    found.mkdir()
    tags = [f"cp312-cp312-manylinux_2_28_{machine}" for machine in ("x86_64", "aarch64")]
    for tag in tags:
        wheel(found, tag)
    monkeypatch.setenv("PIP_FIND_LINKS", str(found))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "r.txt").write_text("# what it needs\nedgy>=1  # at the edge\nekuiper==2.4.2\n\n")
    targets = ("--python", "3.12", "--platform", "linux_x86_64", "--platform", "linux_aarch64")
    done = run(tmp_path / "wheels", "-r", tmp_path / "r.txt", *targets)

    assert done.returncode == 0, done.stderr
    assert "ekuiper==2.4.2" in done.stderr
    wheels = [f"edgy-1.0-{tag}.whl" for tag in sorted(tags)]
    assert done.stdout.split() == [*wheels, f"ekuiper-{own_version()}-py3-none-any.whl"]
    requirements = (tmp_path / "wheels" / "requirements.txt").read_text()
    assert requirements == f"ekuiper=={own_version()}\nedgy>=1\n"


def test_a_package_without_a_wheel_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the machine that it has none for."""
    wheel(tmp_path, "cp312-cp312-manylinux_2_28_x86_64")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "r.txt").write_text("edgy\n")
    done = run(tmp_path / "w", "-r", tmp_path / "r.txt", "--python=3.12", "--platform=linux_armv7l")

    assert done.returncode == 1
    assert "edgy" in done.stderr
    assert "linux_armv7l" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--platform", "windows"), ("-r", "/none")])
def test_a_wrong_call_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """In one line."""
    done = run(tmp_path / "w", *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith("wheelhouse: ")
    assert "Traceback" not in done.stderr


def test_the_environment_of_conda_is_one() -> None:
    """With a Python that is new enough, under the name that the README packs for."""
    found = yaml.safe_load((RECIPES / "conda" / "environment.yml").read_text())

    assert "python=3.12" in found["dependencies"]
    assert f"--env conda {found['name']}" in (RECIPES / "conda" / "README.md").read_text()


def test_no_recipe_is_a_package() -> None:
    """One called packaging would hide that of an index."""
    assert not list(RECIPES.rglob("__init__.py"))
