"""Our own wheel, from the installed package."""

from __future__ import annotations

import subprocess
import venv
import zipfile
from importlib import metadata

import pytest

from ekuiper.bundle.wheel import own_files, own_version, write_own_wheel


def test_it_holds_the_package(tmp_path):
    """With a record of each file, and no caches."""
    path = write_own_wheel(tmp_path)
    with zipfile.ZipFile(path) as wheel:
        held = {name for name in wheel.namelist() if not name.endswith("/")}
        folder = f"ekuiper-{own_version()}.dist-info"
        record = wheel.read(f"{folder}/RECORD").decode().splitlines()

    assert {"ekuiper/__init__.py", f"{folder}/METADATA", f"{folder}/WHEEL"} <= held
    assert {line.split(",")[0] for line in record} == held
    assert not [name for name in held if "__pycache__" in name]


def test_twice_the_same(tmp_path):
    """Byte for byte."""
    (tmp_path / "again").mkdir()
    first, second = write_own_wheel(tmp_path), write_own_wheel(tmp_path / "again")

    assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with our wheel, unpacked as any installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    find = "import sysconfig; print(sysconfig.get_path('purelib'))"
    where = subprocess.run([python, "-c", find], capture_output=True, text=True, check=True)
    with zipfile.ZipFile(write_own_wheel(folder)) as wheel:
        wheel.extractall(where.stdout.strip())
    return folder, python


def test_from_site_packages_the_same_bytes(environment):
    """As from where this test runs."""
    folder, python = environment
    (folder / "again").mkdir()
    make = (
        "import sys, pathlib; from ekuiper.bundle.wheel import write_own_wheel;"
        "print(write_own_wheel(pathlib.Path(sys.argv[1])))"
    )
    result = subprocess.run(
        [python, "-I", "-c", make, folder / "again"], capture_output=True, text=True, check=True
    )

    (first,) = folder.glob("*.whl")
    with open(result.stdout.strip(), "rb") as again:
        assert again.read() == first.read_bytes()


def test_it_says_what_the_installed_package_says():
    """Name, version, extras and commands."""
    (information,) = (e for e in own_files() if e.name.endswith("/METADATA"))

    assert information.content == (metadata.distribution("ekuiper").read_text("METADATA")).encode()
