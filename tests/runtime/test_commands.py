"""The control channel: what each command is answered with."""

from __future__ import annotations

import json

import pytest

from ekuiper import Function, PluginConfig, Sink, Source
from ekuiper.protocol.codec import decode_result

DEADLINE = 10.0


class Quiet(Source):
    def open(self, ctx):
        pass


class Keep(Sink):
    def collect(self, ctx, data):
        pass


class Echo(Function):
    def exec(self, args, ctx):
        return args


CONFIG = PluginConfig("p", {"counter": Quiet}, {"keep": Keep}, {"echo": Echo})


def frame(cmd="start", **control):
    control = {
        "symbolName": "counter",
        "meta": {"ruleId": "r", "opId": "o", "instanceId": 0},
        "pluginType": "source",
    } | control
    return json.dumps({"cmd": cmd, "arg": json.dumps(control)}).encode()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not"),
        (b"[]", "object"),
        (b'{"cmd":"start"}', "arg"),
        (b'{"cmd":"start","arg":{}}', "arg"),
        (b'{"cmd":"start","arg":"{"}', "not JSON"),
        (frame("explode"), "explode"),
        (frame(pluginType="lookup"), "lookup"),
        (frame(pluginType=3), "pluginType"),
        (frame(symbolName=["x"]), "symbolName"),
        (frame(meta={"ruleId": 1, "opId": "o", "instanceId": 0}), "ruleId"),
        (frame(meta={"ruleId": "r", "opId": "o", "instanceId": "0"}), "instanceId"),
        (frame(config=[1]), "config"),
        (frame(dataSource=5), "dataSource"),
        (frame(meta={"ruleId": "", "opId": "", "instanceId": 0}), "ruleId"),
        (frame(meta={"ruleId": "../etc", "opId": "o", "instanceId": 0}), "../etc"),
        (frame(meta={"ruleId": "a\0b", "opId": "o", "instanceId": 0}), "rule id"),
        (frame(symbolName="countre"), "did you mean 'counter'?"),
        (frame(symbolName="x", pluginType="sink"), "has 'keep'"),
        (frame(symbolName="x", pluginType="func"), "has 'echo'"),
    ],
)
def test_a_bad_command_gets_one_clear_error(wire, bad, words):
    """The reply says what is wrong, never begins with h, and the next command works."""
    host = wire(CONFIG)
    reply = host.raw(bad)

    assert reply.startswith(b"error: ")
    assert words in reply.decode()
    assert len(reply) <= 4096
    assert host.command("stop", "source", "counter") is None


@pytest.mark.parametrize("kind", ["source", "sink", "func"])
def test_stopping_what_does_not_run_is_ok(wire, kind):
    """Normal after a restart of the plugin or the host."""
    assert wire(CONFIG).command("stop", kind, "never seen") is None


@pytest.mark.parametrize(
    "rule", ["r 1", "it's", 'q"uote', "$$subtopo_demo", "日本語", "a%20b", "r?x#y", "-"]
)
def test_ids_are_used_as_they_are(wire, rule):
    """Whatever a host allows as a rule id names a socket."""
    host = wire(CONFIG)
    inbox = host.source("counter", rule, "demo")

    assert "open() returned" in json.loads(inbox.recv(DEADLINE))
    assert host.command("stop", "source", "counter", rule, "demo") is None


def test_start_and_stop_can_be_repeated(wire):
    """Replays come in any order, and for what runs already."""
    host = wire(CONFIG)
    for _ in range(3):
        assert host.command("start", "sink", "keep") is None
    for _ in range(3):
        assert host.command("stop", "sink", "keep") is None


def test_a_failure_inside_the_sdk_is_still_an_answer(wire, monkeypatch, caplog):
    """The host holds a mutex until it gets its one reply."""
    host = wire(CONFIG)
    monkeypatch.setattr(host.symbols, "_do", lambda command: 1 / 0)

    assert decode_result(host.raw(frame())) == "error: ZeroDivisionError: division by zero"
    assert "a command failed inside the SDK" in caplog.text


def test_a_cut_control_channel_is_dialled_again(wire):
    """Symbols run on, and the host finds a handshake on the new connection."""
    host = wire(CONFIG)
    host.control.close()
    host.control = host.transport.rep(host.addresses.control("p"))
    host.channels.append(host.control)

    assert host.control.recv(DEADLINE) == b"handshake"
    assert host.command("stop", "source", "counter") is None


def test_serving_ends_when_the_host_is_gone(caplog):
    """The control channel is dialled again only while the host lives."""
    from ekuiper.protocol.addresses import Addresses
    from ekuiper.runtime import control
    from ekuiper.runtime.symbols import Symbols
    from ekuiper.transport.memory import MemoryTransport

    class Host:
        lives = 3

        def wait(self, exchange):
            listener.close()
            return True

        def alive(self):
            self.lives -= 1
            return self.lives >= 0

    transport, addresses = MemoryTransport(), Addresses("/memory")
    listener = transport.rep(addresses.control("p"))
    host = Host()
    with transport.req(addresses.control("p")) as exchange:
        control.serve(exchange, Symbols(CONFIG, transport, addresses), host)

    assert host.lives == -1
    assert "the control channel was cut" in caplog.text
