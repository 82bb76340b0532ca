"""Sources: rows, back-pressure, ends and stops."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from ekuiper import PluginConfig, Source
from ekuiper.errors import ChannelClosedError, SymbolError
from ekuiper.protocol.codec import decode_result
from ekuiper.runtime.source import datasource_of

from .conftest import DEADLINE, rows


class Until(Source):
    """Runs `body` in open, then waits for close."""

    def __init__(self, body=lambda ctx: None):
        self.body = body
        self.closed = threading.Event()

    def configure(self, datasource, conf):
        self.datasource, self.conf = datasource, conf

    def open(self, ctx):
        self.body(ctx)
        self.closed.wait(DEADLINE)

    def close(self, ctx):
        self.closed.set()


def plugin(factory):
    return PluginConfig("p", {"s": factory}, {}, {})


def test_emitted_rows_arrive_in_order(wire):
    """message and meta, one frame for each row; meta may be left out."""

    def body(ctx):
        for number in range(100):
            ctx.emit({"n": number})
        ctx.emit({"n": "last"}, {"topic": "t"})

    host = wire(plugin(lambda: Until(body)))
    inbox = host.source("s")
    got = rows(inbox, 101)

    assert [row["message"]["n"] for row in got] == [*range(100), "last"]
    assert got[0]["meta"] is None
    assert got[-1]["meta"] == {"topic": "t"}
    assert host.command("stop", "source", "s") is None


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ({"dataSource": "top", "config": {"datasource": "inside"}}, "top"),
        ({"datasource": "lower"}, "lower"),
        ({"config": {"datasource": "inside"}}, "inside"),
        ({"config": {"DataSource": "cased"}}, "cased"),
        ({"config": {"datasource": 5}}, "5"),
        ({}, ""),
    ],
)
def test_the_datasource_is_found_wherever_the_host_puts_it(wire, control, expected):
    """1.x sends it beside the config, 2.x inside, others in lower case."""
    made = []

    def factory():
        made.append(Until())
        return made[-1]

    host = wire(plugin(factory))
    inbox = host.transport.pull(host.addresses.data(_meta()))
    host.channels.append(inbox)
    arg = {
        "symbolName": "s",
        "meta": {"ruleId": "r", "opId": "o", "instanceId": 0},
        "pluginType": "source",
        **control,
    }
    frame = json.dumps({"cmd": "start", "arg": json.dumps(arg)}).encode()

    assert decode_result(host.raw(frame)) is None
    assert made[0].datasource == expected


def _meta():
    from ekuiper.protocol.messages import Meta

    return Meta("r", "o", 0)


def test_settings_are_found_in_any_case(wire):
    """2.x lower-cases the keys of configuration files."""
    made = []

    def factory():
        made.append(Until())
        return made[-1]

    host = wire(plugin(factory))
    host.source("s", stopat=3)

    assert made[0].conf["stopAt"] == 3
    assert list(made[0].conf) == ["stopat"]


def test_a_bad_row_is_reported_and_the_source_goes_on(wire, caplog):
    """It is logged with the line that emitted it, and the rule is told in its place."""

    def body(ctx):
        ctx.emit({"n": 1})
        ctx.emit({"n": object()})
        ctx.emit(["no", "object"])
        ctx.emit({"n": 2})

    host = wire(plugin(lambda: Until(body)))
    got = rows(host.source("s"), 4)

    assert got[0]["message"] == {"n": 1}
    assert isinstance(got[1], str)
    assert "object" in got[1]
    assert "test_sources.py:" in got[1]
    assert isinstance(got[2], str)
    assert got[3]["message"] == {"n": 2}
    assert "row dropped" in caplog.text


def test_emit_error_reaches_the_rule(wire):
    """A bare JSON string: what hosts from 2.0 on show as the stream's error."""
    host = wire(plugin(lambda: Until(lambda ctx: ctx.emit_error("disk gone"))))

    assert rows(host.source("s"), 1) == ["disk gone"]


def test_the_end_of_open_is_reported(wire, caplog):
    """A source that stops by itself would look like one that has nothing to say."""

    class Short(Source):
        closed = 0

        def open(self, ctx):
            ctx.emit({"n": 1})

        def close(self, ctx):
            Short.closed += 1

    host = wire(plugin(Short))
    inbox = host.source("s")
    row, end = rows(inbox, 2)

    assert row["message"] == {"n": 1}
    assert "source 's' of plugin 'p' in rule 'r1' (op)" in end
    assert "open() returned" in end
    assert host.command("stop", "source", "s") is None
    assert Short.closed == 1


def test_rows_of_another_thread_go_through_after_open_returned(wire, caplog):
    """The end of `open` is told as that, and not as the end of all rows."""
    ended = threading.Event()

    class Lasting(Source):
        def open(self, ctx):
            threading.Thread(target=self.go_on, args=(ctx,), daemon=True).start()

        def go_on(self, ctx):
            ended.wait(DEADLINE)
            ctx.emit({"n": 1})

    inbox = wire(plugin(Lasting)).source("s")
    (end,) = rows(inbox, 1)
    ended.set()
    (row,) = rows(inbox, 1)

    assert "open() returned" in end
    assert row["message"] == {"n": 1}
    assert "rows that other threads emit still go through" in caplog.text


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(1), KeyboardInterrupt()])
def test_what_open_raises_is_reported(wire, error):
    """With type, text and line; the process and other symbols live on."""

    def body(ctx):
        raise error

    host = wire(plugin(lambda: Until(body)))
    (end,) = rows(host.source("s"), 1)

    assert type(error).__name__ in end
    assert "test_sources.py:" in end
    assert host.command("stop", "source", "s") is None


def test_what_configure_raises_fails_the_start(wire):
    """The rule does not start, and its error is the author's, with its line."""

    class Bad(Source):
        def configure(self, datasource, conf):
            raise ValueError(f"no such topic: {conf['topic']}")

        def open(self, ctx):
            raise AssertionError

    host = wire(plugin(Bad))
    error = host.command("start", "source", "s", topic="hot")

    assert error.startswith("error: ValueError: no such topic: hot (test_sources.py:")


def test_a_configure_that_hangs_is_given_up(wire, monkeypatch, caplog):
    """The host's mutex is free again, and the late object never opens; where it hung is logged."""
    monkeypatch.setattr("ekuiper.runtime.symbol.CONFIGURE_TIMEOUT", 0.05)
    release, opened = threading.Event(), []

    class Slow(Source):
        def configure(self, datasource, conf):
            release.wait(DEADLINE)

        def open(self, ctx):
            opened.append(ctx)

    host = wire(plugin(Slow))
    inbox = host.transport.pull(host.addresses.data(_meta()))
    host.channels.append(inbox)
    error = host.command("start", "source", "s", "r", "o")
    release.set()

    assert "configure has not returned after 0.05 s" in error
    assert "in configure: release.wait(DEADLINE)\n" in caplog.text
    host.close()
    assert opened == []


def test_a_configure_that_returns_too_late_touches_no_channel(wire, monkeypatch):
    """They are the next run's, which has the same addresses."""
    monkeypatch.setattr("ekuiper.runtime.symbol.CONFIGURE_TIMEOUT", 0.05)
    release, made = threading.Event(), []

    class SlowAtFirst(Until):
        def configure(self, datasource, conf):
            made.append(self)
            if len(made) == 1:
                release.wait(DEADLINE)

    host = wire(plugin(SlowAtFirst))
    dialled = []
    push = host.transport.push
    monkeypatch.setattr(
        host.transport, "push", lambda url, **rest: dialled.append(url) or push(url, **rest)
    )
    inbox = host.transport.pull(host.addresses.data(_meta()))
    host.channels.append(inbox)
    assert "given up" in host.command("start", "source", "s", "r", "o")
    (late,) = (each for each in threading.enumerate() if each.name == "source s")
    release.set()
    late.join(DEADLINE)

    assert not late.is_alive()
    assert dialled == []
    assert host.command("start", "source", "s", "r", "o") is None
    assert host.command("stop", "source", "s", "r", "o") is None
    assert len(dialled) == 1


def test_open_begins_after_the_start_was_answered(wire):
    """The host is free before author code runs for long."""
    host = wire(plugin(lambda: Until(lambda ctx: ctx.emit({"after": True}))))
    inbox = host.source("s")

    assert rows(inbox, 1)[0]["message"] == {"after": True}


def test_stop_ends_a_loop_that_only_emits(wire):
    """emit raises once the source was stopped, so a `while True` ends."""
    ended = threading.Event()

    class Endless(Source):
        def open(self, ctx):
            try:
                while True:
                    ctx.emit({"n": 1})
            except ChannelClosedError:
                ended.set()
                raise

    host = wire(plugin(Endless))
    rows(host.source("s"), 10)

    assert host.command("stop", "source", "s") is None
    assert ended.wait(DEADLINE)


def test_back_pressure_blocks_and_loses_nothing(wire):
    """While the host takes nothing emit waits; afterwards every row is there."""
    emitted = threading.Event()

    def body(ctx):
        for number in range(2000):
            ctx.emit({"n": number, "pad": "x" * 2000})
        emitted.set()

    host = wire(plugin(lambda: Until(body)))
    inbox = host.source("s")
    got = rows(inbox, 2000)

    assert emitted.wait(DEADLINE)
    assert [row["message"]["n"] for row in got] == list(range(2000))


def test_emit_from_other_threads(wire):
    """Rows of several threads arrive whole."""

    def body(ctx):
        threads = [
            threading.Thread(target=lambda n=n: [ctx.emit({"t": n, "i": i}) for i in range(200)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    host = wire(plugin(lambda: Until(body)))
    got = rows(host.source("s"), 800)

    for n in range(4):
        assert [r["message"]["i"] for r in got if r["message"]["t"] == n] == list(range(200))


def test_a_start_for_a_running_source_replaces_it(wire):
    """The old one is closed first; two would mix their rows."""
    made = []

    def factory():
        made.append(Until(lambda ctx: ctx.emit({"from": len(made)})))
        return made[-1]

    host = wire(plugin(factory))
    inbox = host.source("s")
    assert rows(inbox, 1)[0]["message"] == {"from": 1}
    assert host.command("start", "source", "s") is None

    assert rows(inbox, 1)[0]["message"] == {"from": 2}
    assert made[0].closed.is_set()


def test_two_places_that_share_a_path_are_told_apart(wire):
    """Rule `a_b` node `c` and rule `a` node `b_c` would share one socket."""
    host = wire(plugin(Until))
    host.source("s", "a_b", "c")
    error = host.command("start", "source", "s", "a", "b_c")

    assert "a_b_c_0.ipc" in error
    assert "rule 'a_b' (c)" in error
    assert host.command("stop", "source", "s", "a", "b_c") is None


def test_an_async_source_is_cancelled_and_closed_on_its_loop(wire):
    """open and close share a loop; open is cancelled when close does not end it."""
    events = []

    class Async(Source):
        async def configure(self, datasource, conf):
            self.loop = asyncio.get_running_loop()

        async def open(self, ctx):
            ctx.emit({"n": 1})
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                events.append(("cancelled", asyncio.get_running_loop() is self.loop))
                raise

        async def close(self, ctx):
            events.append(("closed", asyncio.get_running_loop() is self.loop))

    host = wire(plugin(Async))
    rows(host.source("s"), 1)

    assert host.command("stop", "source", "s") is None
    assert sorted(events) == [("cancelled", True), ("closed", True)]


def test_an_async_close_may_end_open_by_itself(wire):
    """The usual way: close sets what open waits for, and nothing is cancelled."""
    events = []

    class Async(Source):
        async def open(self, ctx):
            self.stop = asyncio.Event()
            ctx.emit({"n": 1})
            await self.stop.wait()
            events.append("open ended")

        async def close(self, ctx):
            self.stop.set()
            await asyncio.sleep(0)
            events.append("closed")

    host = wire(plugin(Async))
    rows(host.source("s"), 1)

    assert host.command("stop", "source", "s") is None
    assert sorted(events) == ["closed", "open ended"]


def test_a_close_that_raises_is_logged_and_the_stop_is_ok(wire, caplog):
    """The host must get its ok."""

    class Bad(Until):
        def close(self, ctx):
            super().close(ctx)
            raise RuntimeError("cannot close")

    host = wire(plugin(lambda: Bad(lambda ctx: ctx.emit({"n": 1}))))
    rows(host.source("s"), 1)

    assert host.command("stop", "source", "s") is None
    assert "RuntimeError: cannot close" in caplog.text


def test_a_source_that_ignores_its_stop_is_left_behind_and_mute(wire, monkeypatch, caplog):
    """The stop is answered in time, and the leftover can never emit into a later run."""
    monkeypatch.setattr("ekuiper.runtime.symbol.GRACE", 0.01)
    monkeypatch.setattr("ekuiper.runtime.symbol.CLOSE_TIMEOUT", 0.1)
    release, refused = threading.Event(), threading.Event()

    class Deaf(Source):
        def open(self, ctx):
            ctx.emit({"n": 1})
            release.wait(DEADLINE)
            try:
                ctx.emit({"late": True})
            except ChannelClosedError:
                refused.set()

    host = wire(plugin(Deaf))
    inbox = host.source("s")
    rows(inbox, 1)
    assert host.command("stop", "source", "s") is None
    assert "left behind without a connection, it is now at:\n" in caplog.text
    assert "in open: release.wait(DEADLINE)\n" in caplog.text
    release.set()
    host.close()

    assert refused.wait(DEADLINE)


def test_acks_make_no_sense_in_a_source(wire):
    """The error names the method and what it is for."""
    seen = []

    def body(ctx):
        for method in (ctx.ack_ok, lambda: ctx.ack_error("x")):
            with pytest.raises(SymbolError, match="for a sink only") as caught:
                method()
            seen.append(str(caught.value))
        ctx.emit({"done": True})

    host = wire(plugin(lambda: Until(body)))
    rows(host.source("s"), 1)

    assert len(seen) == 2


def test_datasource_of_prefers_what_stands_beside_the_config():
    """Both are never different on a real host; the top-level one wins."""
    from ekuiper.protocol.messages import Command, Meta

    command = Command("start", "source", "s", Meta("r", "o", 0), "a", {"datasource": "b"})

    assert datasource_of(command) == "a"


def test_a_row_too_large_for_the_host_is_dropped_and_reported(wire, tmp_path, caplog):
    """A 1.x host cuts the connection at more than 1 MiB; the rows after it arrive."""
    from ekuiper.transport.ipc import IpcTransport

    def body(ctx):
        ctx.emit({"big": "x" * 2_000_000})
        ctx.emit({"n": 1})

    host = wire(
        plugin(lambda: Until(body)),
        directory=str(tmp_path),
        transport=IpcTransport(1 << 20),
        plugin_transport=IpcTransport(),
    )
    told, row = rows(host.source("s"), 2)

    assert "row dropped" in told
    assert "2000" in told
    assert "test_sources.py:" in told
    assert row["message"] == {"n": 1}


def test_close_is_not_called_where_open_was_not(wire):
    """A stop may come before open was reached; close has nothing to undo then."""
    from ekuiper.protocol.messages import Command, Meta
    from ekuiper.runtime.source import RunningSource

    made = []

    def factory():
        made.append(Until())
        return made[-1]

    host = wire(plugin(factory))
    inbox = host.transport.pull(host.addresses.data(_meta()))
    host.channels.append(inbox)
    command = Command("start", "source", "s", Meta("r", "o", 0), None, {})
    source = RunningSource(command, host.config, host.transport, host.addresses)
    source.start()
    source.stop()

    assert not made[0].closed.is_set()


def test_each_thread_that_emits_is_told_once_without_delay(wire, monkeypatch):
    """Several threads may emit: a stop ends each at its first refusal."""
    pauses, ended = [], []
    monkeypatch.setattr("ekuiper.runtime.context.time.sleep", pauses.append)

    class Many(Source):
        def open(self, ctx):
            def work(n):
                try:
                    while True:
                        ctx.emit({"n": n})
                except ChannelClosedError:
                    ended.append(1)

            threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    host = wire(plugin(Many))
    source, seen = host.source("s"), set()
    while len(seen) < 4:  # an ended thread's number is given to the next one that starts
        seen.add(rows(source, 1)[0]["message"]["n"])
    assert host.command("stop", "source", "s") is None

    assert len(ended) == 4
    assert pauses == []


def test_a_loop_that_swallows_the_end_does_not_burn_a_core(wire, monkeypatch):
    """The first emit after a stop raises at once, those after it wait a second each."""
    pauses, done = [], threading.Event()
    monkeypatch.setattr("ekuiper.runtime.context.time.sleep", pauses.append)

    class Stubborn(Source):
        def open(self, ctx):
            ctx.emit({"n": 0})
            refused = 0
            while refused < 3:
                try:
                    ctx.emit({"n": 1})
                except ChannelClosedError:
                    refused += 1
            done.set()

    host = wire(plugin(Stubborn))
    rows(host.source("s"), 1)
    assert host.command("stop", "source", "s") is None

    assert done.wait(DEADLINE)
    assert pauses == [1.0, 1.0]


def test_a_source_without_close_can_be_stopped(wire):
    """Neither the base class nor close is needed."""
    opened = threading.Event()

    class Bare:
        def configure(self, datasource, conf):
            pass

        def open(self, ctx):
            ctx.emit({"n": 1})
            opened.set()

    host = wire(plugin(Bare))
    rows(host.source("s"), 1)

    assert opened.wait(DEADLINE)
    assert host.command("stop", "source", "s") is None


def test_an_end_that_nobody_can_be_told_of_any_more(wire):
    """The channel was closed while open() was ending: nothing is raised, nothing is left."""

    class Last(Source):
        def open(self, ctx):
            ctx._outbox.close()

    host = wire(plugin(Last))
    host.source("s")

    assert host.command("stop", "source", "s") is None
