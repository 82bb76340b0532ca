"""The pytest plugin, loaded wherever the package is installed: fixtures for plugin authors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # every pytest run loads this file; few need a host
    from ..config import PluginConfig
    from .host import Host

__all__ = ["ekuiper_host"]


@pytest.fixture
def ekuiper_host() -> "Iterator[Callable[..., Host]]":
    """Starts a `ekuiper.testing.Host` for a `PluginConfig`; all are closed after the test.

        def test_revert(ekuiper_host):
            host = ekuiper_host(config)
            assert host.function("revert").exec("abc") == "cba"

    Takes the options of `Host`.
    """
    from .host import Host

    with ExitStack() as hosts:

        def start(config: "PluginConfig", **options: Any) -> Host:
            return hosts.enter_context(Host(config, **options))

        yield start
