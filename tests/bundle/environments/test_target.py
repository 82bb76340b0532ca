"""The machine and Python that a pack is for, and which wheels load there."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags

from ekuiper.bundle.environments.target import Target
from ekuiper.errors import PackError
from ekuiper.runtime.environment.wheels import Wheel, wheel_name

NAMES = [
    "a-1-py3-none-any.whl",
    "a-1-py2.py3-none-any.whl",
    "a-1-py2-none-any.whl",
    "a-1-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    "a-1-cp312-cp312-manylinux_2_34_aarch64.whl",
    "a-1-cp312-cp312-linux_aarch64.whl",
    "a-1-cp312-cp312-manylinux_2_17_x86_64.whl",
    "a-1-cp312-cp312-musllinux_1_2_aarch64.whl",
    "a-1-cp311-cp311-manylinux2014_aarch64.whl",
    "a-1-cp38-abi3-manylinux2014_aarch64.whl",
    "a-1-cp313-abi3-manylinux2014_aarch64.whl",
    "a-1-cp312-none-any.whl",
    "a-1-py310-none-any.whl",
    "a-1-py313-none-any.whl",
    "a-1-py3-none-manylinux1_aarch64.whl",
    "a-1-1-cp312-cp312-manylinux2014_aarch64.whl",
    "a-1-cp312-cp312-win_amd64.whl",
]


@pytest.mark.parametrize("platform", ["linux_aarch64", "musllinux_1_2_aarch64", "linux_x86_64"])
@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_as_installers_see_it(platform, python):
    """Held against the tags that `packaging` lists."""
    target = Target.of(python, platform)
    version = tuple(map(int, python.split(".")))
    tags = {
        *cpython_tags(version, platforms=target.platforms),
        *compatible_tags(version, f"cp3{version[1]}", target.platforms),
    }
    for name in NAMES:
        wheel = wheel_name(Path(name))
        expected = any(
            Tag(interpreter, abi, each) in tags
            for interpreter in wheel.python.split(".")
            for abi in wheel.abi.split(".")
            for each in wheel.platform.split(".")
        )
        assert target.loads(wheel) == expected, name


@pytest.mark.parametrize(
    ("given", "platform", "machine"),
    [
        ("linux_aarch64", "linux_aarch64", "aarch64"),
        ("linux/arm64", "linux_aarch64", "aarch64"),
        ("linux_armv7", "linux_armv7l", "armv7l"),
        ("Linux-x86_64", "linux_x86_64", "x86_64"),
        ("manylinux_2_36_amd64", "manylinux_2_36_x86_64", "x86_64"),
        ("musllinux_1_1_x86_64", "musllinux_1_1_x86_64", "x86_64"),
    ],
)
def test_names_of_platforms(given, platform, machine):
    """As people write them."""
    target = Target.of("3.12", given)

    assert (target.platform, target.machine) == (platform, machine)
    assert str(target) == f"Python 3.12 on {platform}"


@pytest.mark.parametrize(
    ("python", "platform", "words"),
    [
        ("3", None, "write 3.12"),
        ("2.7", None, "write 3.12"),
        ("3.8", None, "3.10 or newer"),
        (None, "win_amd64", "no platform of eKuiper"),
        (None, "linux", "no platform of eKuiper"),
    ],
)
def test_what_is_none(python, platform, words):
    """Is told as the option that is wrong."""
    with pytest.raises(PackError, match=words):
        Target.of(python, platform)


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("linux_aarch64", "aarch64-manylinux_2_31"),
        ("manylinux_2_36_x86_64", "x86_64-manylinux_2_36"),
        ("manylinux_2_20_x86_64", ""),
        ("musllinux_1_2_aarch64", "aarch64-unknown-linux-musl"),
        ("linux_armv7l", ""),
    ],
)
def test_what_uv_calls_it(platform, name):
    """Where uv does not know it, pip has to do."""
    assert Target.of("3.12", platform).uv_platform == name


def test_wheel_names():
    """Also with a build number; anything else is none."""
    assert wheel_name(Path("a_b-1.0-2-py3-none-any.whl")) == Wheel(
        "a_b", "1.0", "py3", "none", "any"
    )
    with pytest.raises(PackError, match="is no wheel"):
        wheel_name(Path("a.whl"))
