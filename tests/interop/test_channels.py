"""The contract of channels holds with mangos at the host's end."""

# ruff: noqa: F401 - the imported tests run here, with the pairs below

from __future__ import annotations

import pytest

from ekuiper.transport import Transport

from ..transport.conftest import Pair
from ..transport.test_closing import (
    test_a_path_is_free_at_once,
    test_a_sender_wakes_everywhere,
    test_lost_channels_wake,
    test_receivers_wake,
)
from ..transport.test_exchange import (
    test_a_dial_waits_for_the_listener,
    test_a_lost_connection_ends_the_request,
    test_a_lost_peer_is_forgotten,
    test_a_new_request_cancels_the_one_before,
    test_a_reply_is_found_while_polling,
    test_a_timeout_keeps_the_request,
    test_an_answer_is_not_given_to_another_host,
    test_an_answer_to_nobody_is_dropped,
    test_messages_go_in_turn,
    test_messages_of_any_size_arrive_whole,
    test_nobody_listens,
    test_polling_ends_with_the_connection,
    test_recv_needs_a_request,
    test_rep_answers_whom_it_heard_last,
    test_rep_times_out,
    test_requests_wait_in_order,
    test_send_dials_until_its_timeout,
    test_send_needs_something_to_answer,
)
from ..transport.test_waiting import (
    test_a_cancelled_reply_is_not_ready,
    test_a_lost_connection_is_ready,
    test_the_descriptor_is_the_same_over_reconnects,
    test_the_descriptor_of_a_sender,
)
from .mangos import MangosTransport


@pytest.fixture
def pair(plugin: Transport, host: MangosTransport, folder: str) -> Pair:
    """A plugin's transport, and mangos at the host's end."""
    return Pair(plugin, host, f"ipc://{folder}/x", f"{type(plugin).__name__.lower()}-mangos")
