"""`ekuiper.testing.Host`: a plugin driven from a test."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

from ekuiper.errors import CallError, HostError
from ekuiper.host.embedded import Settings
from ekuiper.testing import Host

from .plugin import CONFIG, GOT


@pytest.fixture(params=["memory", "ipc"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    GOT.clear()
    with Host(CONFIG, transport=request.param) as host:
        yield host


class TestFunctions:
    """`Host.function`."""

    def test_exec(self, host):
        """A call goes through the wire and back."""
        assert host.function("revert").exec("abc") == "cba"

    def test_state_per_rule(self, host):
        """The place a call comes from is the caller's to choose."""
        total = host.function("total")
        assert total.is_aggregate()
        assert total.exec([1, 2], rule="a") == 3
        assert total.exec([4], rule="b") == 4
        assert total.exec([10], rule="a") == 13

    def test_validate(self, host):
        """What validate refuses raises its reason."""
        revert = host.function("revert")
        revert.validate([{"Val": "abc"}])
        with pytest.raises(CallError, match="revert takes one argument"):
            revert.validate([])

    def test_errors(self, host):
        """What exec raises comes back as it reaches a rule, and the next call works."""
        revert = host.function("revert")
        with pytest.raises(CallError, match=r"TypeError: .*plugin\.py:\d+"):
            revert.exec(1)
        assert revert.exec("ab") == "ba"

    def test_unknown(self, host):
        """A function that the plugin has not is refused with those it has."""
        with pytest.raises(HostError, match="no function 'reverse'; declared: revert, total"):
            host.function("reverse")


class TestSources:
    """`Host.source`."""

    def test_take(self, host):
        """The next rows, in order; what is taken is gone."""
        with host.source("counter", datasource="t") as rows:
            assert rows.take(3, timeout=5) == [{"count": 0}, {"count": 1}, {"count": 2}]
            (row,) = rows.take_rows(1)
            assert (row.message, row.meta) == ({"count": 3}, {"topic": "t"})

    def test_take_in_vain(self, host):
        """Too few rows are an assertion error with what came, and nothing of it is lost."""
        with host.source("counter", config={"upto": 2}) as rows:
            with pytest.raises(AssertionError) as caught:
                rows.take(3, timeout=0.3)
            assert "emitted 2 of 3 rows in 0.3 s: [{'count': 0}, {'count': 1}]" in str(caught.value)
            assert "RuntimeError: counted enough" in str(caught.value)
            assert rows.take(2) == [{"count": 0}, {"count": 1}]

    def test_errors(self, host):
        """Errors and rows can be waited for apart; values look as eKuiper sees them."""
        with host.source("moody") as rows:
            assert rows.error() == "no signal"
            assert "object" in rows.error()
            assert rows.take(2) == [{"at": "2026-01-02", "pair": [1, 2]}, {"last": True}]
            assert "ended" in rows.error()
            with pytest.raises(AssertionError, match="reported no error in 0 s"):
                rows.error(timeout=0)

    def test_a_start_that_fails(self, host):
        """What configure raises is raised where the source is asked for."""
        with pytest.raises(HostError, match="ValueError: no such topic"):
            host.source("counter", config={"broken": True})

    def test_stop(self, host):
        """A stopped source is closed; it may be started again."""
        rows = host.source("counter")
        rows.stop()
        rows.stop()
        with host.source("counter") as rows:
            assert rows.take(1) == [{"count": 0}]


class TestSinks:
    """`Host.sink`."""

    def test_send_returns_when_collected(self, host):
        """No waiting is needed: after send, collect has returned; after the block, close has."""
        with host.sink("collect", rule="r") as sink:
            sink.send([{"a": 1}])
            assert GOT == [("r", b'[{"a":1}]')]
            sink.send("täxt")
            sink.send(b"\xff")
            sink.send({"one": "row"})
            assert [data for _, data in GOT[1:]] == ["täxt".encode(), b"\xff", b'{"one":"row"}']
        assert GOT[-1] == ("r", None)

    def test_errors(self, host):
        """What collect raises is raised by send, and the next message is collected."""
        with host.sink("collect") as sink:
            with pytest.raises(HostError, match="OSError: disk full"):
                sink.send(b"bad")
            sink.send(b"good")
        assert ("rule1", b"good") in GOT

    def test_manual_acks(self, host):
        """A sink that acknowledges later is sent to without waiting."""
        with host.sink("manual") as sink:
            sink.post("first")
            with pytest.raises(HostError, match="no ack in 0"):
                sink.ack(timeout=0.05)
            sink.post("second")
            assert sink.ack() is None
            assert sink.ack() == "second"

    def test_without_acks(self, host):
        """requireAck: false waits for nothing."""
        with host.sink("manual", config={"requireAck": False}) as sink:
            sink.send("unacknowledged")
            with pytest.raises(HostError, match="no ack"):
                sink.ack(timeout=0.05)


class TestLife:
    """Start, restart, end."""

    def test_restart(self, host):
        """After a restart what ran runs again, all functions included."""
        revert = host.function("revert")
        total = host.function("total")
        with host.sink("collect") as sink, host.source("counter") as rows:
            host.restart(seed=1)
            assert host.errors == []
            assert (revert.exec("ab"), total.exec([1])) == ("ba", 1)
            sink.send("again")
            assert {"count": 0} in rows.take(10)

    def test_old_hosts(self):
        """Settings choose the eKuiper that is played."""
        old = Settings(datasource_in="command", ack=False, control_style="once")
        with Host(CONFIG, settings=old) as host, host.source("counter", datasource="t") as rows:
            assert rows.take_rows(1)[0].meta == {"topic": "t"}

    @pytest.mark.parametrize("transport", ["memory", "ipc"])
    def test_nothing_stays(self, transport, monkeypatch):
        """No thread, descriptor or file is left behind."""
        place = tempfile.mkdtemp(dir="/tmp")
        monkeypatch.setattr("ekuiper.host.embedded.host._SHORT_PATH", place)

        quiet = threading.active_count()

        def descriptors() -> int:
            deadline = time.monotonic() + 5.0
            while threading.active_count() > quiet and time.monotonic() < deadline:
                os.sched_yield()  # a closed listener's thread ends by itself, a moment later
            assert threading.active_count() <= quiet  # what other tests left may end, too
            gc.collect()
            return len(os.listdir("/dev/fd"))

        def run() -> None:
            with Host(CONFIG, transport=transport) as host:
                host.function("revert").exec("abc")
                with host.sink("collect") as sink:
                    sink.send("x")
                host.source("counter").take(1)

        run()
        before = descriptors()
        for _ in range(5):
            run()
        assert descriptors() <= before
        os.rmdir(place)  # it is empty


def test_fixture(ekuiper_host):
    """The pytest plugin's fixture starts hosts and closes them."""
    host = ekuiper_host(CONFIG)
    other = ekuiper_host(CONFIG, transport="ipc")
    assert host.function("revert").exec("abc") == other.function("revert").exec("abc") == "cba"
