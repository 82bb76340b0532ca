"""The contract of streams holds from a source's PUSH to the PULL of mangos."""

# ruff: noqa: F401 - the imported tests run here, with the pairs below

from __future__ import annotations

import pytest

from ekuiper.transport import Transport

from ..transport.conftest import Pair
from ..transport.test_streams import (
    test_a_blocked_sender_goes_on,
    test_a_burst_waits_in_the_socket,
    test_a_closed_senders_messages_arrive,
    test_a_slow_reader_holds_the_sender_back,
    test_many_send_to_one,
    test_messages_arrive_in_order,
    test_messages_of_any_size_arrive_whole,
    test_threads_share_an_inbox,
    test_threads_share_an_outbox,
)
from .mangos import MangosTransport


@pytest.fixture
def pair(plugin: Transport, host: MangosTransport, folder: str) -> Pair:
    """A plugin's transport, and mangos at the host's end."""
    return Pair(plugin, host, f"ipc://{folder}/x", f"{type(plugin).__name__.lower()}-mangos")
