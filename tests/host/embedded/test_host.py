"""A whole host, with a plugin that answers from a script."""

from __future__ import annotations

import pytest

from ekuiper.errors import ConnectError, HostError, ManifestError
from ekuiper.host.embedded import PROFILES, Host
from ekuiper.protocol.codec import decode_call, encode_reply, encode_row
from ekuiper.protocol.messages import Call, CallContext, Meta, Reply, Row

from .conftest import DEADLINE, MANIFEST


def started(plugin, since=0):
    return [command.symbol for command in plugin.seen[since:] if command.verb == "start"]


def listens(wire, url):
    try:
        wire.transport.push(url).close()
    except ConnectError:
        return False
    return True


class TestLife:
    """Start, end, restart."""

    def test_start_and_close(self, stage, wire):
        """Entering waits for the handshake; leaving kills the plugin and stops listening."""
        host, plugin = stage()
        assert plugin.runs == 0
        with host:
            assert (plugin.runs, host.status, host.status_message) == (1, "running", "")
        assert plugin.closed
        assert not listens(wire, wire.addresses.control("mirror"))
        host.close()  # again does nothing

    def test_a_plugin_that_ends_first(self, stage, wire):
        """If the plugin ends before its handshake, the error has exit code and log."""
        host, plugin = stage()
        plugin.exits = 1
        with pytest.raises(HostError, match=r"exit code 1(.|\n)*no module named torch"):
            host.start()
        assert plugin.closed
        assert not listens(wire, wire.addresses.control("mirror"))

    def test_a_plugin_that_never_speaks(self, stage):
        """If the plugin does not shake hands within init_timeout, it is killed."""
        host, plugin = stage(init_timeout=0.05)
        plugin.mute = True
        with pytest.raises(HostError, match=r"'mirror' did not start.*receive time out"):
            host.start()
        assert plugin.exit_code == -9

    def test_twice_or_not_at_all(self, stage):
        """A host starts once, and does nothing before."""
        host, _ = stage()
        with pytest.raises(HostError, match="not started"):
            host.function("one")
        with pytest.raises(HostError, match="not started"):
            host.restart()
        host.start()
        with pytest.raises(HostError, match="started before"):
            host.start()

    def test_status_of_a_dead_plugin(self, stage):
        """A killed or failed plugin has the status "error"; one that ended with 0 stays
        "running", as in eKuiper."""
        host, plugin = stage()
        with host:
            host.kill()
            assert (host.status, host.status_message) == ("error", "signal: killed")
            host.restart()
            plugin.die(3)
            assert (host.status, host.status_message) == ("error", "exit status 3")
            host.restart()
            plugin.die(0)
            assert (host.status, host.status_message) == ("running", "")

    def test_a_plugin_that_dies_at_a_command(self, stage):
        """A start that kills the plugin says how it ended, with the end of its log."""
        host, plugin = stage()

        def die(command):
            plugin.exit_code = 139
            plugin.died = True

        with host:
            plugin.at_command = die
            with pytest.raises(HostError, match=r"does not answer: it ended with exit code 139; "):
                host.source("counter")

    def test_a_dead_plugin_is_started_when_needed(self, stage):
        """Nobody restarts a plugin, until a source, sink or new function needs it: then all it ran
        is started again."""
        host, plugin = stage()
        with host:
            host.sink("collect", rule="r1")
            host.kill()
            before = len(plugin.seen)
            host.source("counter", rule="r2")
            assert started(plugin, before) == ["collect", "counter"]
            assert plugin.runs == 2

    def test_replay_in_random_order(self, stage):
        """A restart sends every start again, in an order drawn with the seed."""
        host, plugin = stage()
        with host:
            for number in range(6):
                host.source("counter", rule=f"r{number}")
            orders = []
            for seed in (1, 1, 2):
                before = len(plugin.seen)
                host.restart(seed=seed)
                orders.append([command.meta.rule_id for command in plugin.seen[before:]])
        assert orders[0] == orders[1] != orders[2]
        assert sorted(orders[0]) == sorted(orders[2]) == [f"r{number}" for number in range(6)]

    def test_only_the_last_function_is_replayed(self, stage):
        """All functions share one key, so a restart starts only the last one again."""
        host, plugin = stage()
        with host:
            for name in ("one", "two", "three"):
                host.function(name)
            before = len(plugin.seen)
            host.restart()
            assert started(plugin, before) == ["three"]

    def test_what_was_stopped_is_not_replayed(self, stage):
        """A stop that was answered ok forgets the start; it is sent with the start's config."""
        host, plugin = stage()
        with host:
            with host.sink("collect", config={"path": "x"}):
                host.sink("other")
            assert plugin.seen[-1] == plugin.seen[0]._replace(verb="stop")
            before = len(plugin.seen)
            host.restart()
            assert started(plugin, before) == ["other"]

    def test_a_replay_that_fails(self, stage):
        """A start that fails after a restart is found in errors; the others are sent."""
        host, plugin = stage()
        with host:
            host.source("counter")
            host.sink("collect")
            plugin.failing["counter"] = "no signal"
            before = len(plugin.seen)
            host.restart()
            assert sorted(started(plugin, before)) == ["collect", "counter"]
            (error,) = host.errors
            assert "source 'counter' after a restart: receive error: error: no signal" in error

    def test_close_stops_everything(self, stage):
        """Closing stops sources and sinks, never functions, and then kills."""
        host, plugin = stage()
        with host:
            host.source("counter")
            host.function("one")
            host.sink("collect")
        stops = [command for command in plugin.seen if command.verb == "stop"]
        assert sorted(command.symbol for command in stops) == ["collect", "counter"]

    def test_close_is_bounded(self, stage):
        """A plugin that does not answer a stop cannot keep the host from closing."""
        host, plugin = stage(shutdown_timeout=0.05)
        with host:
            host.source("counter")
            plugin.at_command = lambda command: plugin.dying.wait(DEADLINE)
        assert "stop of 'counter': receive error: (no answer in 0" in host.errors[0]

    def test_stopping_what_a_dead_plugin_ran(self, stage):
        """A stop needs no plugin; what was stopped stays stopped."""
        host, plugin = stage()
        with host:
            source = host.source("counter")
            host.kill()
            source.stop()
            host.restart()
            assert started(plugin) == ["counter"]


class TestFunctions:
    """`Host.function`."""

    def test_started_once(self, stage):
        """A function is started when first asked for and then kept for all rules."""
        host, plugin = stage()
        with host:
            assert host.function("one") is host.function("one")
            assert started(plugin) == ["one"]
            assert plugin.seen[0].meta == Meta("", "", 0)

    def test_listens_before_the_start(self, stage, wire):
        """The function's channel is up when its start arrives."""
        host, plugin = stage()
        up = []
        plugin.at_command = lambda command: up.append(
            wire.transport.req(wire.addresses.function("one")).close()
        )
        with host:
            host.function("one")
        assert up == [None]

    def test_not_declared(self, stage):
        """The manifest decides what a plugin has."""
        host, plugin = stage()
        with host:
            for ask, kind in (
                (host.function, "function"),
                (host.source, "source"),
                (host.sink, "sink"),
            ):
                with pytest.raises(HostError, match=f"declares no {kind} 'four'; declared: "):
                    ask("four")
        assert plugin.seen == []

    def test_a_failed_start_closes_the_channel(self, stage, wire):
        """A function that does not start leaves nothing open, and may be asked for again."""
        host, plugin = stage()
        plugin.failing["one"] = "no model"
        with host:
            with pytest.raises(HostError, match="receive error: error: no model"):
                host.function("one")
            with pytest.raises(ConnectError):
                wire.transport.req(wire.addresses.function("one"))
            plugin.failing.clear()
            assert host.function("one").name == "one"

    def test_exec_validate_is_aggregate(self, stage, wire, aside):
        """What travels is what eKuiper sends; the answers become values and errors."""
        host, _ = stage()
        with host:
            function = host.function("one")
            with wire.plugin(wire.addresses.function("one")) as plugin:
                asked = []

                def answer(reply):
                    asked.append(decode_call(plugin.recv(DEADLINE)))
                    plugin.send(encode_reply(reply))

                done = aside(function.exec, 1, "a", rule="r", op="3_filter", instance=1, func_id=2)
                answer(Reply(True, [1]))
                assert done.result(DEADLINE) == [1]
                done = aside(function.exec)
                answer(Reply(False, "ValueError: no"))
                with pytest.raises(HostError, match=r"^call func one error: ValueError: no$"):
                    done.result(DEADLINE)
                done = aside(function.validate, [{"Val": 1}])
                answer(Reply(True, ""))
                assert done.result(DEADLINE) is None
                done = aside(function.validate)
                answer(Reply(False, "one argument, please"))
                with pytest.raises(HostError, match=r"^validate function one error: one arg"):
                    done.result(DEADLINE)
            assert asked == [
                Call("Exec", [1, "a"], CallContext("r", "3_filter", 1, 2)),
                Call("Exec", [], CallContext("rule1", "2_project", 0, 0)),
                Call("Validate", [{"Val": 1}], None),
                Call("Validate", [], None),
            ]

    def test_is_aggregate_keeps_only_a_good_answer(self, stage, wire, aside):
        """Anything but a boolean counts as False and is asked again; a boolean is kept."""
        host, _ = stage()
        with host:
            function = host.function("one")
            with wire.plugin(wire.addresses.function("one")) as plugin:
                got = []
                for reply in (Reply(True, None), Reply(False, "broken"), Reply(True, True)):
                    done = aside(function.is_aggregate)
                    plugin.recv(DEADLINE)
                    plugin.send(encode_reply(reply))
                    got.append(done.result(DEADLINE))
                assert got == [False, False, True]
                assert function.is_aggregate()

    def test_no_answer(self, stage):
        """A timeout names the plugin's status; IsAggregate then counts as False."""
        host, _ = stage(recv_timeout=0.05)
        with host:
            function = host.function("one")
            with pytest.raises(HostError, match="time out, plugin mirror status running, message:"):
                function.exec(1)
            assert not function.is_aggregate()
            host.kill()
            with pytest.raises(HostError, match="status error, message: signal: killed"):
                function.validate([])

    def test_a_reply_that_is_none(self, stage, wire, aside):
        """A reply that is no JSON is an error of that call."""
        host, _ = stage()
        with host:
            function = host.function("one")
            with wire.plugin(wire.addresses.function("one")) as plugin:
                done = aside(function.exec)
                plugin.recv(DEADLINE)
                plugin.send(b"nonsense")
                with pytest.raises(HostError, match="Failed to unmarshal function result"):
                    done.result(DEADLINE)


class TestSources:
    """`Host.source`."""

    def test_listens_before_the_start(self, stage, wire):
        """A source may push before its start is answered."""
        host, plugin = stage()

        def push(command):
            with wire.transport.push(wire.addresses.data(command.meta)) as outbox:
                outbox.send(encode_row(Row({"early": True}, None)))

        plugin.at_command = push
        with host:
            source = host.source("counter")
            assert source.recv(DEADLINE) == Row({"early": True}, None)
            plugin.at_command = lambda command: None

    def test_closed_before_the_stop(self, stage, wire):
        """The host stops listening, then says stop."""
        host, plugin = stage()
        up = []
        plugin.at_command = lambda command: up.append(
            (command.verb, listens(wire, wire.addresses.data(command.meta)))
        )
        with host, host.source("counter"):
            pass
        assert up == [("start", True), ("stop", False)]

    def test_a_failed_start_closes_the_channel(self, stage, wire):
        """A source that does not start leaves nothing open and nothing to replay."""
        host, plugin = stage()
        plugin.failing["counter"] = "no signal"
        with host:
            with pytest.raises(HostError, match="no signal"):
                host.source("counter")
            assert not listens(wire, wire.addresses.data(Meta("rule1", "demo", 0)))
            host.restart()
            assert started(plugin) == ["counter"]

    def test_settings_of_2x(self, stage):
        """2.x puts DATASOURCE and the stream's options into the config."""
        host, plugin = stage()
        with host:
            host.source("counter", rule="r", stream="s", datasource="topic", config={"every": 1})
        command = plugin.seen[0]
        assert (command.meta, command.datasource) == (Meta("r", "s", 0), None)
        assert command.config == {
            "datasource": "topic",
            "delimiter": "",
            "every": 1,
            "format": "json",
            "key": "",
            "retainSize": 0,
            "schemaId": "",
            "strictValidation": False,
            "timestamp": "",
            "timestampFormat": "",
        }

    def test_settings_of_1x(self, stage):
        """1.x puts DATASOURCE beside a smaller config."""
        host, plugin = stage(**PROFILES["1.14"])
        with host:
            host.source("counter", datasource="topic", config={"format": "binary"})
        command = plugin.seen[0]
        assert command.datasource == "topic"
        assert command.config == {"delimiter": "", "format": "binary", "key": ""}

    @pytest.mark.parametrize(
        ("version", "pool"),
        [("2.4", "subtopo_demo"), ("1.14", "source_pool_counter.demo")],
    )
    def test_shared_streams(self, stage, version, pool):
        """A shared stream has a place of its own, named differently by 1.x and 2.x."""
        host, plugin = stage(**PROFILES[version])
        with host:
            host.source("counter", shared=True)
        assert plugin.seen[0].meta == Meta(f"$${pool}", pool, 0)


class TestSinks:
    """`Host.sink`."""

    def test_acks_are_listened_for_before_the_start(self, stage, wire):
        """Ack channel up before the start, both channels closed before the stop."""
        host, plugin = stage()
        up = []
        plugin.at_command = lambda command: up.append(
            (command.verb, listens(wire, wire.addresses.ack(command.meta)))
        )
        with host, host.sink("collect", rule="r", action=2) as sink:
            assert sink.command.meta == Meta("r", "collect_2", 0)
            sink.send(b"row")
        assert up == [("start", True), ("stop", False)]

    def test_a_sink_that_does_not_listen(self, stage, wire):
        """The host dials once; a sink that does not listen by then is stopped again."""
        host, plugin = stage()
        plugin.deaf.add("collect")
        with host:
            with pytest.raises(HostError, match="'collect' does not listen"):
                host.sink("collect")
            assert [command.verb for command in plugin.seen] == ["start", "stop"]
            assert not listens(wire, wire.addresses.ack(Meta("rule1", "collect_0", 0)))

    def test_a_failed_start_closes_the_ack_channel(self, stage, wire):
        """A sink that does not start leaves nothing open."""
        host, plugin = stage()
        plugin.failing["collect"] = "no disk"
        with host:
            with pytest.raises(HostError, match="no disk"):
                host.sink("collect")
            assert not listens(wire, wire.addresses.ack(Meta("rule1", "collect_0", 0)))

    def test_wrong_require_ack(self, stage):
        """A requireAck that is no truth value is refused before anything is started."""
        host, plugin = stage()
        with host, pytest.raises(HostError, match="true or false"):
            host.sink("collect", config={"requireAck": 1})
        assert plugin.seen == []

    def test_stop_once(self, stage):
        """A second stop does nothing."""
        host, plugin = stage()
        with host, host.sink("collect") as sink:
            sink.stop()
            assert sink.name == "collect"
        assert [command.verb for command in plugin.seen] == ["start", "stop"]


def test_a_broken_folder_is_refused_when_the_host_is_made(tmp_path):
    """The manifest is read first; nothing was opened then."""
    with pytest.raises(ManifestError, match=r"holds no <name>\.json"):
        Host(tmp_path)


def test_names(stage):
    """A host knows its plugin's manifest."""
    host, _ = stage()
    assert host.manifest is MANIFEST
