"""The contract of streams holds from the PUSH of mangos to a sink's PULL."""

# ruff: noqa: F401 - the imported tests run here, with the pairs below

from __future__ import annotations

import pytest

from ekuiper.transport import Transport

from ..transport.conftest import Pair
from ..transport.test_streams import (
    test_a_blocked_sender_goes_on,
    test_a_burst_waits_in_the_socket,
    test_a_slow_reader_holds_the_sender_back,
    test_messages_arrive_in_order,
    test_messages_of_any_size_arrive_whole,
    test_threads_share_an_inbox,
    test_threads_share_an_outbox,
)
from ..transport.test_waiting import (
    test_the_descriptor_may_be_asked_for_late,
    test_the_descriptor_tells_of_messages,
)
from .mangos import MangosTransport


@pytest.fixture
def pair(plugin: Transport, host: MangosTransport, folder: str) -> Pair:
    """The other way round: here it is mangos that dials and sends."""
    return Pair(host, plugin, f"ipc://{folder}/x", f"mangos-{type(plugin).__name__.lower()}")
