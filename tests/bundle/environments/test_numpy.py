"""A package that everybody knows, from a real index, for machines that are not this one."""

from __future__ import annotations

import re
import struct
import zipfile

import pytest

from ekuiper.bundle.environments.target import Target
from ekuiper.bundle.pack import Environment, pack
from ekuiper.errors import PackError

AARCH64 = 183  # as ELF files have it


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Without an index these tests are skipped, soon."""
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "1")


def packed_for(project, kind: str, platform: str):
    environment = Environment(kind, target=Target.of("3.12", platform))
    try:
        return pack(project(requirements=["numpy"]), environment=environment)
    except PackError as error:
        if "not reachable" in error.reason:
            pytest.skip("needs a package index, which is not reachable")
        raise


def test_vendored_for_aarch64(project):
    """Each library in the pack is for that machine, and that Python."""
    packed = packed_for(project, "vendor", "linux_aarch64")
    with zipfile.ZipFile(packed.path) as archive:
        libraries = [name for name in archive.namelist() if re.search(r"\.so[.\d]*$", name)]
        machines = {struct.unpack("<H", archive.read(each)[18:20])[0] for each in libraries}

    assert machines == {AARCH64}
    assert any(name.endswith("cpython-312-aarch64-linux-gnu.so") for name in libraries)


def test_wheels_for_aarch64(project):
    """In the wheelhouse as well."""
    packed = packed_for(project, "venv", "linux_aarch64")
    (wheel,) = (name for name, _ in packed.entries if name.endswith(".whl"))

    assert re.fullmatch(r"wheels/numpy-.*-cp312-cp312-.*aarch64\.whl", wheel)


@pytest.mark.parametrize("kind", ["vendor", "venv"])
def test_armv7_has_none(project, kind):
    """Which is told with the package and the platform."""
    with pytest.raises(PackError) as caught:
        packed_for(project, kind, "linux_armv7")

    assert caught.value.place == "numpy"
    assert "has no wheel for Python 3.12 on linux_armv7l" in caught.value.reason
