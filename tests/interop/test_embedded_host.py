"""The embedded host, whose sockets are mangos here, runs a plugin's process as it does on ours."""

# ruff: noqa: F401 - the imported tests run here, under the host below

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from ekuiper.host.embedded import Host, Settings

from ..e2e.test_embedded import DEADLINE, WALK, TestFunctions, TestSinks, TestSources
from .mangos import Mangos, MangosTransport


@pytest.fixture(scope="module", params=["ipc", "nng"])
def host(request: pytest.FixtureRequest, mangos: Mangos) -> Iterator[Host]:
    """The plugin under a host on mangos, its own channels on our sockets and on nng."""
    if request.param == "nng" and importlib.util.find_spec("pynng") is None:
        pytest.skip("needs pynng: pip install 'ekuiper[nng]'")
    settings = Settings(init_timeout=DEADLINE, ack_timeout=DEADLINE)
    env = {"EKUIPER_TRANSPORT": request.param}
    with Host(WALK, settings=settings, env=env, transport=MangosTransport(mangos)) as host:
        yield host


def test_functions_answer_after_a_crash(mangos: Mangos) -> None:
    """Killed and spawned again, the plugin answers on every function's socket of the host."""
    settings = Settings(init_timeout=DEADLINE, ack_timeout=DEADLINE)
    with Host(WALK, settings=settings, transport=MangosTransport(mangos)) as host:
        echo, slow, total = map(host.function, ("echo", "slow", "total"))
        for round_ in range(3):
            assert echo.exec(round_) == round_
            assert slow.exec(0) == 0
            assert total.exec([1]) == 1  # as nothing was added up before in this process
            host.restart(seed=round_)
        assert host.errors == []
