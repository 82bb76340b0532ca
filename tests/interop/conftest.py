"""mangos sockets in a Go process, for all tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekuiper.transport import Transport

from ..transport.conftest import aside, make
from .build import NotBuiltError, build_mangos
from .mangos import Mangos, MangosTransport

__all__ = ["aside"]  # a fixture


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host's end, or a skip that tells why it is not to be had."""
    try:
        return build_mangos(tmp_path_factory.mktemp("mangos"))
    except NotBuiltError as error:
        pytest.skip(f"no mangos: {error}")


@pytest.fixture(scope="session")
def mangos(program: Path) -> Iterator[Mangos]:
    with Mangos(program) as process:
        yield process


@pytest.fixture
def host(mangos: Mangos) -> MangosTransport:
    """The host's transport."""
    return MangosTransport(mangos)


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder whose name is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ek") as directory:
        yield directory


@pytest.fixture(params=["ipc", "nng"])
def plugin(request: pytest.FixtureRequest) -> Transport:
    """A plugin's transport."""
    return make(request.param, attended=True)
