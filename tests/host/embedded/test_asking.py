"""Commands and calls over REP, with the plugin's answers given by hand."""

from __future__ import annotations

import threading

import pytest

from ekuiper.errors import (
    ChannelClosedError,
    ChannelTimeoutError,
    HostError,
    MalformedMessageError,
)
from ekuiper.host.embedded.asking import ControlLink, FunctionLink
from ekuiper.host.embedded.settings import Settings
from ekuiper.protocol.codec import decode_call, encode_command, encode_reply
from ekuiper.protocol.messages import HANDSHAKE, Call, CallContext, Command, Meta, Reply

from .conftest import DEADLINE, Wire

URL = "ipc://{}/plugin_mirror.ipc"
START = Command("start", "source", "counter", Meta("rule1", "demo", 0), None, {"every": 1})
STOP = START._replace(verb="stop")
QUICK = Settings(init_timeout=0.05, recv_timeout=0.05, control_timeout=0.05)


def call(*args: object) -> Call:
    return Call("Exec", list(args), CallContext("rule1", "2_project", 0, 0))


@pytest.fixture
def url(wire: Wire) -> str:
    return URL.format(wire.addresses.directory)


class TestControl:
    """eKuiper's control channel."""

    def test_any_first_message_is_a_handshake(self, wire, url):
        """The host waits for a first message and does not look at it."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.transport.req(url) as plugin:
            plugin.send(b"whatever")
            link.handshake()
        link.close()

    def test_no_handshake(self, wire, url):
        """A plugin that says nothing within init_timeout has failed."""
        link = ControlLink(wire.transport.rep(url), QUICK)
        with pytest.raises(HostError, match=r"^control handshake error: receive time out$"):
            link.handshake()
        link.close()

    def test_commands_are_replies(self, wire, url, aside):
        """Each command answers the plugin's last message, byte for byte as eKuiper writes it."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            link.handshake()
            for command in (START, STOP):
                done = aside(link.command, command)
                assert plugin.recv(DEADLINE) == encode_command(command)
                plugin.send(b"ok")
                assert done.result(DEADLINE) is None
        link.close()

    def test_an_error_is_what_the_plugin_said(self, wire, url, aside):
        """Anything but ok fails, with the plugin's text behind eKuiper's words."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.command, START)
            plugin.recv(DEADLINE)
            plugin.send(b"error: no such topic")
            with pytest.raises(HostError, match=r"^receive error: error: no such topic$"):
                done.result(DEADLINE)
        link.close()

    def test_an_answer_with_h_sends_the_command_again(self, wire, url, aside):
        """From 2.1.3 on a message that begins with h is a handshake, whatever was meant."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.command, START)
            for answer in (b"host unreachable", b"handshake", b"ok"):
                assert plugin.recv(DEADLINE) == encode_command(START)
                plugin.send(answer)
            done.result(DEADLINE)
        link.close()

    def test_a_restarted_plugin_gets_the_open_command(self, wire, url, aside):
        """A command whose plugin died is sent to the next one that shakes hands."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.command, STOP)
            plugin.recv(DEADLINE)
        with wire.plugin(url) as plugin:
            link.handshake()  # does not wait: the command takes the message
            assert plugin.recv(DEADLINE) == encode_command(STOP)
            plugin.send(b"ok")
            done.result(DEADLINE)
        link.close()

    def test_old_hosts_lose_an_answer(self, wire, url, aside):
        """Up to 2.1.2 a command sent after a restart counts as done unanswered, and so do all that
        follow, each of which swallows the answer before it."""
        link = ControlLink(wire.transport.rep(url), Settings(control_style="once"))
        with wire.plugin(url) as plugin:  # and no handshake is taken
            for command in (START, STOP):
                done = aside(link.command, command)
                assert plugin.recv(DEADLINE) == encode_command(command)
                plugin.send(b"error: never read")
                done.result(DEADLINE)
        link.close()

    def test_old_hosts_fail_after_a_second_handshake(self, wire, url, aside):
        """Up to 2.1.2 a keepalive is taken for the answer."""
        link = ControlLink(wire.transport.rep(url), Settings(control_style="once"))
        with wire.plugin(url) as plugin:
            link.handshake()
            done = aside(link.command, START)
            plugin.recv(DEADLINE)
            plugin.send(HANDSHAKE)
            with pytest.raises(HostError, match=r"^receive error: handshake$"):
                done.result(DEADLINE)
        link.close()

    def test_no_answer(self, wire, url):
        """A command that is not answered within control_timeout fails."""
        link = ControlLink(wire.transport.rep(url), QUICK)
        with wire.plugin(url), pytest.raises(HostError, match=r"no answer in 0\.05 s"):
            link.command(START)
        link.close()

    def test_one_command_at_a_time(self, wire, url, aside):
        """While a command waits for its answer the next one waits for its turn."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            first = aside(link.command, START)
            plugin.recv(DEADLINE)
            with pytest.raises(HostError, match="another command"):
                link.command(STOP, timeout=0.05)
            plugin.send(b"ok")
            first.result(DEADLINE)
        link.close()

    def test_a_dead_plugin_is_not_waited_for(self, wire, url, aside):
        """When the plugin ended while it was asked, the command fails with the reason."""
        gone = threading.Event()
        link = ControlLink(
            wire.transport.rep(url),
            Settings(),
            lambda: "it ended with exit code 3" if gone.is_set() else None,
        )
        with wire.plugin(url) as plugin:
            done = aside(link.command, START)
            plugin.recv(DEADLINE)
        gone.set()
        with pytest.raises(HostError, match=r"^it ended with exit code 3"):
            done.result(DEADLINE)
        link.close()

    def test_a_last_answer_counts(self, wire, url, aside):
        """An answer sent just before the plugin died is taken."""
        link = ControlLink(wire.transport.rep(url), Settings(), lambda: "it ended")
        with wire.plugin(url):
            link.handshake()
        link.close()

    def test_close_wakes_who_waits(self, wire, url, aside):
        """Closing ends a waiting command at once."""
        link = ControlLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.command, START)
            plugin.recv(DEADLINE)
            link.close()
            with pytest.raises(ChannelClosedError):
                done.result(DEADLINE)


class TestFunction:
    """eKuiper's function channels."""

    def answer(self, plugin, result):
        plugin.send(encode_reply(Reply(True, result)))

    def asked(self, plugin):
        return decode_call(plugin.recv(DEADLINE)).args

    def test_calls_and_replies(self, wire, url, aside):
        """The handshake is thrown away at the first call, then each call answers the last reply."""
        link = FunctionLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            for number in range(3):
                done = aside(link.call, call(number))
                assert self.asked(plugin) == [number]
                self.answer(plugin, number)
                assert done.result(DEADLINE) == Reply(True, number)
        link.close()

    def test_a_handshake_sends_the_call_again(self, wire, url, aside):
        """A worker that takes over in the middle of a call is asked anew."""
        link = FunctionLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.call, call("a"))
            assert self.asked(plugin) == ["a"]
        with wire.plugin(url) as plugin:
            assert self.asked(plugin) == ["a"]
            self.answer(plugin, "A")
            assert done.result(DEADLINE).result == "A"
        link.close()

    def test_a_late_reply_is_thrown_away(self, wire, url, aside):
        """After a timeout the next call swallows the late reply and gets its own."""
        link = FunctionLink(wire.transport.rep(url), Settings(recv_timeout=0.05))
        with wire.plugin(url) as plugin:
            with pytest.raises(ChannelTimeoutError):
                link.call(call("slow"))
            assert self.asked(plugin) == ["slow"]
            self.answer(plugin, "late")
            assert plugin.ready() is False
            done = aside(link.call, call("next"))
            assert self.asked(plugin) == ["next"]
            self.answer(plugin, "in time")
            assert done.result(DEADLINE).result == "in time"
        link.close()

    def test_without_the_late_reply_calls_are_not_sent(self, wire, url, aside):
        """While the late reply is missing, a call fails without the plugin seeing it."""
        link = FunctionLink(wire.transport.rep(url), QUICK)
        with wire.plugin(url) as plugin:
            for name in ("slow", "never sent"):
                with pytest.raises(ChannelTimeoutError):
                    link.call(call(name))
            assert self.asked(plugin) == ["slow"]
            self.answer(plugin, "late")
            done = aside(link.call, call("third"))
            assert self.asked(plugin) == ["third"]
            self.answer(plugin, 3)
            assert done.result(DEADLINE).result == 3
        link.close()

    def test_a_second_connection_shifts_answers(self, wire, url, aside):
        """The host takes the answer of whichever peer writes: with two connections every call
        gets the one before it."""
        link = FunctionLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin, wire.transport.req(url) as second:
            done = aside(link.call, call("a"))
            assert self.asked(plugin) == ["a"]
            second.send(encode_reply(Reply(True, "the other's")))
            assert done.result(DEADLINE).result == "the other's"
            self.answer(plugin, "a")  # found by the next call
            done = aside(link.call, call("b"))
            assert self.asked(second) == ["b"]
            assert done.result(DEADLINE).result == "a"
        link.close()

    def test_a_reply_that_is_none(self, wire, url, aside):
        """Nonsense fails that call; the next one works."""
        link = FunctionLink(wire.transport.rep(url), Settings())
        with wire.plugin(url) as plugin:
            done = aside(link.call, call(1))
            plugin.recv(DEADLINE)
            plugin.send(b'{"state":true,"result":NaN}')
            with pytest.raises(MalformedMessageError):
                done.result(DEADLINE)
            done = aside(link.call, call(2))
            assert self.asked(plugin) == [2]
            self.answer(plugin, 2)
            assert done.result(DEADLINE).result == 2
        link.close()
