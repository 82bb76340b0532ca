"""Pipelines: rows through a plugin as through a rule."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ekuiper.errors import CallError, ChannelTimeoutError, HostError
from ekuiper.host.embedded import Host, Pipeline
from ekuiper.protocol.messages import SourceError

from .pipelines import DEADLINE, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def host(rig: Rig) -> Iterator[Host]:
    with rig.host() as host:
        yield host


def rows(*numbers: Any) -> list[dict[str, Any]]:
    return [{"n": number} for number in numbers]


class TestRows:
    def test_come_from_the_source_through_functions_into_the_sink(
        self, rig: Rig, host: Host
    ) -> None:
        """The sink gets an array of rows per message; columns of functions are added in order."""
        functions = ["double(n) as d", "double(d) as q"]
        with Pipeline(host, source="feeder", functions=functions, sinks=["keeper"]) as pipeline:
            for row in rows(1, 2):
                rig.queue.put(row)
            out = pipeline.rows(2, DEADLINE)

        assert out == [{"n": 1, "d": 2, "q": 4}, {"n": 2, "d": 4, "q": 8}]
        assert rig.kept[1:] == [[out[0]], [out[1]]]
        counters = pipeline.counters
        assert (counters.rows_in, counters.rows_out, counters.errors) == (2, 2, 0)
        assert [function.calls for function in counters.functions] == [2, 2]
        assert all(function.latency.p99 for function in counters.functions)

    def test_may_be_given(self, host: Host) -> None:
        """Without a source the rows of an iterable run through, and the pipeline ends."""
        with Pipeline(host, functions=["double(n)"], rows=rows(1, None, 3)) as pipeline:
            assert pipeline.wait(DEADLINE)
            assert pipeline.rows(3) == [
                {"n": 1, "double": 2},
                {"n": None},
                {"n": 3, "double": 6},
            ]

    def test_may_be_fed(self, host: Host) -> None:
        """Without source and iterable, rows are fed, until there are no more."""
        with Pipeline(host) as pipeline:
            pipeline.feed(rows(1))
            assert pipeline.rows(1, DEADLINE) == rows(1)
            assert not pipeline.ended
            pipeline.feed(rows(2))
            pipeline.finish()
            assert pipeline.wait(DEADLINE)
            assert pipeline.latest(5) == rows(2)

    def test_end_at_the_limit(self, rig: Rig, host: Host) -> None:
        """No more rows come out than asked for, though more come in."""
        seen: list[Any] = []
        with Pipeline(
            host, rows=rows(*range(100)), sinks=["keeper"], limit=7, on_rows=seen.extend
        ) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert seen == rows(*range(7))
        assert rig.kept[1:] == [[row] for row in seen]

    def test_that_do_not_come_are_missed_loudly(self, host: Host) -> None:
        """The error has the counters and the mistakes, and no row is taken."""
        given: list[Any] = [*rows(1), SourceError("line 2: not JSON")]
        with Pipeline(host, rows=given) as pipeline:
            with pytest.raises(ChannelTimeoutError) as caught:
                pipeline.rows(2, DEADLINE)

            assert str(caught.value).splitlines() == [
                "1 of 2 rows came before the pipeline ended; 1 came in, 0 wait",
                "  rows: line 2: not JSON",
            ]
            assert pipeline.rows(1) == rows(1)

    def test_of_an_iterable_that_raises_end_there(self, host: Host) -> None:
        """The mistake is counted; rows before it come out."""

        def broken() -> Iterator[dict[str, Any]]:
            yield {"n": 1}
            raise OSError("disk on fire")

        with Pipeline(host, rows=broken()) as pipeline:
            assert pipeline.wait(DEADLINE)
            assert pipeline.rows(1) == rows(1)
            assert pipeline.counters.faults.list()[0].text == "OSError: disk on fire"


class TestFunctions:
    def test_know_where_they_are_called_from(self, host: Host) -> None:
        """The rule and the node, as on a real host; arguments of all kinds arrive."""
        with Pipeline(
            host, functions=["echo(n, 'x y', [1], *) as e"], rows=rows(5), rule="night"
        ) as pipeline:
            (row,) = pipeline.rows(1, DEADLINE)

        assert row["e"] == [5, "x y", [1], {"n": 5}, "night", "2_project"]

    def test_that_fail_drop_their_row(self, host: Host) -> None:
        """The row is gone and counted with the line of code; the next ones come."""
        with Pipeline(host, functions=["double(n) as d"], rows=rows({}, {}, 2)) as pipeline:
            assert pipeline.rows(1, DEADLINE) == [{"n": 2, "d": 4}]
            (fault,) = pipeline.counters.faults.list()
            (function,) = pipeline.counters.functions

        assert fault.where == "call func double"
        assert fault.text.startswith("TypeError: unsupported operand")
        assert fault.location.startswith("pipelines.py:")
        assert (fault.count, function.errors, function.calls) == (2, 2, 3)

    def test_may_refuse_their_arguments(self, host: Host) -> None:
        """Then nothing starts."""
        with pytest.raises(CallError, match="double takes one argument, not 2"):
            Pipeline(host, functions=["double(n, 2)"], sinks=["keeper"]).start()

    def test_that_do_not_exist_are_named(self, host: Host) -> None:
        """Before anything runs."""
        with pytest.raises(HostError, match="no function 'triple'"):
            Pipeline(host, functions=["triple(n)"]).start()

    def test_that_answer_null_leave_their_column_out(self, host: Host) -> None:
        """As eKuiper does; even a column of the row that has the same name."""
        with Pipeline(host, functions=["double(m) as n"], rows=rows(5)) as pipeline:
            assert pipeline.rows(1, DEADLINE) == [{}]


class TestWindows:
    def test_give_aggregates_a_list_per_argument(self, host: Host) -> None:
        """A window becomes one row that begins as its first; constants are repeated."""
        with Pipeline(
            host, functions=["given(n, 'k') as g", "double(n) as d"], window=3, rows=rows(*range(8))
        ) as pipeline:
            assert pipeline.wait(DEADLINE)
            assert pipeline.rows(2) == [
                {"n": 0, "g": [[0, 1, 2], ["k", "k", "k"]], "d": 0},
                {"n": 3, "g": [[3, 4, 5], ["k", "k", "k"]], "d": 6},
            ]
            assert pipeline.waiting == 2

    def test_without_aggregates_are_batches(self, rig: Rig, host: Host) -> None:
        """All rows come out, each through its functions, in one message."""
        with Pipeline(
            host, functions=["double(n) as d"], window=2, rows=rows(1, 2), sinks=["keeper"]
        ) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert rig.kept[1:] == [[{"n": 1, "d": 2}, {"n": 2, "d": 4}]]

    def test_that_fail_are_dropped_whole(self, host: Host) -> None:
        """One row that cannot be summed up spoils its window only."""
        with Pipeline(
            host, functions=["total(n) as t"], window=2, rows=rows(1, {}, 3, 4)
        ) as pipeline:
            assert pipeline.rows(1, DEADLINE) == [{"n": 3, "t": 7}]
            assert pipeline.counters.errors == 1

    def test_are_not_needed_for_aggregates(self, host: Host) -> None:
        """Without a window an aggregate gets lists of one."""
        with Pipeline(host, functions=["given(n) as g"], rows=rows(1)) as pipeline:
            assert pipeline.rows(1, DEADLINE) == [{"n": 1, "g": [[1]]}]

    def test_hold_at_least_one_row(self, host: Host) -> None:
        """A window of none would never become full."""
        with pytest.raises(HostError, match="at least one row"):
            Pipeline(host, window=0)


class TestSources:
    def test_are_configured(self, rig: Rig, host: Host) -> None:
        """Settings by symbol; `datasource` among them is the stream's DATASOURCE."""
        config = {"feeder": {"color": "red", "datasource": "/dev/a"}}
        with Pipeline(host, source="feeder", config=config) as pipeline:
            rig.queue.put({"n": 1})
            assert pipeline.rows(1, DEADLINE) == [{"n": 1, "color": "red", "datasource": "/dev/a"}]

    def test_may_report_errors(self, rig: Rig, host: Host) -> None:
        """An error is counted, rows go on."""
        with Pipeline(host, source="feeder") as pipeline:
            rig.queue.put("no signal")
            rig.queue.put({"n": 1})
            pipeline.rows(1, DEADLINE)
            (fault,) = pipeline.counters.faults.list()

        assert (fault.where, fault.text) == ("source feeder", "no signal")

    def test_lose_the_oldest_rows_when_too_fast(self, rig: Rig) -> None:
        """As in a rule, a full buffer drops its oldest row."""
        rig.gate.clear()
        with (
            rig.host(buffer=2) as host,
            Pipeline(host, source="feeder", sinks=["keeper"], config=STRICT) as pipeline,
        ):
            rig.queue.put({"n": 0})
            assert rig.busy.wait(DEADLINE)
            for row in rows(*range(1, 10)):
                rig.queue.put(row)
            rig.queue.put("all emitted")
            until_told(pipeline, "all emitted")
            rig.gate.set()

            assert pipeline.rows(3, DEADLINE) == rows(0, 8, 9)
            assert pipeline.counters.dropped == 7

    def test_wait_where_nothing_may_be_dropped(self, rig: Rig) -> None:
        """With `discard_when_full` off every row comes out."""
        with (
            rig.host(buffer=2, discard_when_full=False) as host,
            Pipeline(host, source="feeder", sinks=["keeper"]) as pipeline,
        ):
            for row in rows(*range(50)):
                rig.queue.put(row)
            assert pipeline.rows(50, DEADLINE) == rows(*range(50))
            assert pipeline.counters.dropped == 0

    def test_exclude_rows_of_ones_own(self, host: Host) -> None:
        """A pipeline has one beginning."""
        with pytest.raises(HostError, match="not both"):
            Pipeline(host, source="feeder", rows=[])


STRICT = {"keeper": {"requireAck": True}}


def until_told(pipeline: Pipeline, text: str) -> None:
    """Wait until the source's error `text` came through."""
    told = threading.Event()
    add = pipeline.counters.faults.add

    def watched(where: str, said: str) -> None:
        add(where, said)
        if said == text:
            told.set()

    pipeline.counters.faults.add = watched  # type: ignore[method-assign]
    if not any(fault.text == text for fault in pipeline.counters.faults.list()):
        assert told.wait(DEADLINE)


class TestSinks:
    def test_failures_are_counted_without_waiting(self, rig: Rig, host: Host) -> None:
        """The sink is asked for acks, though its config says nothing of them."""
        with Pipeline(host, rows=rows(1, "bad", 3), sinks=["keeper"]) as pipeline:
            assert pipeline.wait(DEADLINE)

        (fault,) = pipeline.counters.faults.list()
        assert fault.where == "sink keeper"
        assert fault.text.startswith("ValueError: bad row (pipelines.py:")
        assert rig.kept == [{"requireAck": True}, rows(1), rows(3)]
        assert pipeline.counters.rows_out == 3

    def test_that_must_acknowledge_are_waited_for(self, rig: Rig, host: Host) -> None:
        """With `requireAck` of one's own a row that fails did not come out."""
        with Pipeline(host, rows=rows(1, "bad", 3), sinks=["keeper"], config=STRICT) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert pipeline.counters.rows_out == 2
        assert pipeline.counters.errors == 1

    def test_may_be_left_as_in_a_rule(self, rig: Rig, host: Host) -> None:
        """Without `confirm` a sink sees its config and nothing else."""
        with Pipeline(
            host, rows=rows(1), sinks=["keeper"], config={"keeper": {"a": 1}}, confirm=False
        ) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert rig.kept[0] == {"a": 1}

    def test_lose_nothing_at_the_end(self, rig: Rig, host: Host) -> None:
        """Stopping waits until all that came out is acknowledged."""
        rig.gate.clear()
        opener = threading.Timer(0.2, rig.gate.set)
        with Pipeline(host, rows=rows(*range(100)), sinks=["keeper"]) as pipeline:
            assert pipeline.wait(DEADLINE)
            opener.start()
        opener.join()

        assert rig.kept[1:] == [[row] for row in rows(*range(100))]

    def test_get_single_rows_if_they_want(self, rig: Rig, host: Host) -> None:
        """`sendSingle`, in any case."""
        with Pipeline(
            host,
            rows=rows(1, 2),
            window=2,
            sinks=["keeper"],
            config={"keeper": {"sendsingle": True}},
        ) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert rig.kept[1:] == rows(1, 2)

    def test_may_be_several(self, rig: Rig, host: Host) -> None:
        """Each is an action of its own."""
        with Pipeline(host, rows=rows(1), sinks=["keeper", "keeper"]) as pipeline:
            assert pipeline.wait(DEADLINE)

        assert rig.kept[2:] == [rows(1), rows(1)]
        assert pipeline.counters.rows_out == 1

    def test_that_do_not_exist_leave_nothing_running(self, rig: Rig, host: Host) -> None:
        """What was started before is stopped again."""
        with pytest.raises(HostError, match="no sink 'keepr'"):
            Pipeline(host, source="feeder", sinks=["keeper", "keepr"]).start()

        with Pipeline(host, rows=rows(1), sinks=["keeper"]) as pipeline:
            assert pipeline.wait(DEADLINE)


class TestStop:
    def test_ends_the_threads(self, rig: Rig, host: Host) -> None:
        """None of the pipeline's threads is left, whatever they waited for."""
        before = set(threading.enumerate())
        pipeline = Pipeline(host, source="feeder", functions=["double(n)"], sinks=["keeper"])
        pipeline.start()
        pipeline.stop()
        pipeline.stop()

        left = {thread.name for thread in set(threading.enumerate()) - before}
        assert not [name for name in left if name.startswith("ekuiper-host-rule1")]
        assert pipeline.ended

    def test_is_possible_after_the_plugin_died(self, rig: Rig, host: Host) -> None:
        """It takes a moment, and raises nothing."""
        pipeline = Pipeline(host, source="feeder", sinks=["keeper"]).start()
        host.kill()
        pipeline.stop()

        assert pipeline.ended

    def test_leaves_what_waits(self, rig: Rig) -> None:
        """Rows not yet through stay counted as waiting."""
        rig.gate.clear()
        with rig.host(discard_when_full=False) as host:
            pipeline = Pipeline(
                host, rows=rows(*range(5)), sinks=["keeper"], config=STRICT, rule="r"
            ).start()
            opener = threading.Timer(0.1, rig.gate.set)
            pipeline.finish()
            opener.start()
            pipeline.stop()
            opener.join()

            assert pipeline.counters.rows_in == pipeline.counters.rows_out + pipeline.waiting
