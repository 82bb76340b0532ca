"""One plugin's sources and sinks on the official package and on this one, under either host."""

from __future__ import annotations

from typing import Any

import pytest

from ekuiper.errors import HostError

from .conftest import Pair
from .installed import unmarked
from .rig import Rig
from .same import Both, same

ROWS = [
    {},
    {"a": 1},
    {"a": None, "b": True, "c": 0.1, "d": "grün ☃ 🙂", "e": [1, [2]], "f": {"g": {}}},
    {"": "", "with space": 1, "ÄÖ": 2},
    {"big": 2**53 + 1, "neg": -(2**63), "e": 1e300},
    {"text": "x" * 300_000},
]

PAYLOADS = [
    b'[{"a":1}]',
    b'{"a":1}',
    b" ",
    b"\x00\xff\xfe not json",
    "grün".encode("utf-16"),
    b"handshake",
    bytes(range(256)) * 40,
    b"y" * 300_000,
]


class TestSources:
    def test_rows_and_order_of_calls(self, both: Both, plain: Pair) -> None:
        """A source is made, configured and opened, its rows arrive, and `close` ends it."""

        def ran(rig: Rig) -> list[Any]:
            source = rig.source("rows", rows=ROWS, meta={"topic": "t", "traceId": "7"})
            rows = [source.recv() for _ in ROWS]
            rig.plugin.journal.wait("emitted")
            source.stop()
            rig.plugin.journal.wait("returned")
            return unmarked([rows, rig.plugin.journal.events()], rig.plugin.mark)

        rows, events = same(both, plain, ran)
        meta = {"topic": "t", "traceId": "7"}
        assert rows == [{"message": row, "meta": meta} for row in ROWS]
        assert [event[0] for event in events] == [
            "init",
            "configure",
            "open",
            "emitted",
            "close",
            "returned",
        ]
        assert events[2][1] == "rule"
        assert events[4][1:] == events[2][1:]

    def test_configuration(self, both: Both, plain: Pair) -> None:
        """`configure` is given a str, and the settings as the host sent them."""
        config = {"Interval": 10, "nested": {"Key": [1, {"A": "ü"}]}, "none": None}

        def configured(rig: Rig) -> list[Any]:
            source = rig.source("rows", datasource="topic/#", **config)
            event = rig.plugin.journal.wait("configure")[0]
            rig.plugin.journal.wait("emitted")
            source.stop()
            return event

        kind, conf = same(both, plain, configured)
        assert kind == "str"
        assert {key: conf[key] for key in config} == config

    def test_two_rules_and_again(self, both: Both, plain: Pair) -> None:
        """Every start makes a new object, two rules run side by side, and a place can be reused."""

        def ran(rig: Rig) -> list[Any]:
            seen = []
            for round_ in range(3):
                first = rig.source("rows", rule="first", rows=[{"n": round_}])
                second = rig.source("rows", rule="second", rows=[{"n": -round_}])
                seen += [second.recv(), first.recv()]
                rig.plugin.journal.wait("emitted", 2 * round_ + 2)
                first.stop()
                second.stop()
                rig.plugin.journal.wait("returned", 2 * round_ + 2)
            return [seen, len(rig.plugin.journal.told("init"))]

        assert same(both, plain, ran)[1] == 6


class TestSinks:
    def test_bytes_and_order_of_calls(self, both: Both, plain: Pair) -> None:
        """A sink is made, configured and opened, is given each message as bytes, and closed."""

        def ran(rig: Rig) -> list[Any]:
            sink = rig.sink("keep", sendSingle=True, URL="x")
            assert all(sink.send(data) for data in PAYLOADS)
            rig.plugin.journal.wait("collect", len(PAYLOADS))
            sink.stop()
            rig.plugin.journal.wait("close")
            return unmarked(rig.plugin.journal.events(), rig.plugin.mark)

        events = same(both, plain, ran)
        collected = [["collect", "bytes", data.hex()] for data in PAYLOADS]
        assert events[1] == ["configure", {"sendSingle": True, "URL": "x"}]
        assert events[3:-1] == collected
        assert [event[0] for event in (*events[:3], events[-1])] == [
            "init",
            "configure",
            "open",
            "close",
        ]

    def test_acks_by_the_author(self, both: Both, plain: Pair) -> None:
        """With `requireAck`, what the author acknowledges reaches the host once, in order."""

        def acked(rig: Rig) -> list[Any]:
            sink = rig.sink("keep", requireAck=True)
            acks = []
            for data in (b"good", b"bad", b"good"):
                assert sink.send(data)
                acks.append(sink.ack())
            acks.append(sink.ack(timeout=0.2))
            sink.stop()
            return acks

        assert same(both, plain, acked) == ["ok", ["bad: 3 bytes"], "ok", None]

    def test_start_again(self, both: Both, plain: Pair) -> None:
        """A stopped sink can be started again at the same place, with a new object."""

        def ran(rig: Rig) -> int:
            for round_ in range(3):
                sink = rig.sink("keep")
                assert sink.send(b"row")
                rig.plugin.journal.wait("collect", round_ + 1)
                sink.stop()
            rig.plugin.journal.wait("close", 3)
            return len(rig.plugin.journal.told("init"))

        assert same(both, plain, ran) == 3


class TestCommands:
    @pytest.mark.parametrize("host", ["nng"], indirect=True)
    def test_a_stop_of_what_does_not_run(self, both: Both, plain: Pair) -> None:
        """A stop of a symbol that does not run, or a second one, is answered with ok."""

        def stopped(rig: Any) -> list[str]:
            place = (rig.plugin.marked("never"), "rows", 0)
            symbol = rig.plugin.marked("rows")
            return [rig.command("stop", "source", symbol, place) for _ in range(2)]

        assert same(both, plain, stopped) == ["ok", "ok"]

    def test_configure_that_raises(self, both: Both, plain: Pair) -> None:
        """A `configure` that raises is the error of the start, and the place stays usable."""

        def refused(rig: Rig) -> list[Any]:
            with pytest.raises(HostError, match="ValueError: no such broker"):
                rig.source("rows", rule="again", refuse="no such broker")
            source = rig.source("rows", rule="again", rows=[{"a": 1}])
            row = source.recv()
            rig.plugin.journal.wait("emitted")
            source.stop()
            return row

        assert same(both, plain, refused)["message"] == {"a": 1}
