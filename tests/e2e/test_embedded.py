"""A plugin process under the embedded host, from end to end."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekuiper.errors import CallError, HostError
from ekuiper.host.embedded import Host, Settings
from ekuiper.protocol.messages import Row

WALK = Path(__file__).parents[1] / "plugins" / "walk"
DEADLINE = 20.0
OLD = Settings(
    control_style="once", datasource_in="command", ack=False, max_message=1 << 20, unbuffered=False
)


@pytest.fixture(scope="module", params=["ipc", "nng"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """The plugin under a 2.4 host, its channels on our sockets and on nng."""
    if request.param == "nng" and importlib.util.find_spec("pynng") is None:
        pytest.skip("needs pynng: pip install 'ekuiper[nng]'")
    settings = Settings(init_timeout=DEADLINE, ack_timeout=DEADLINE)
    with Host(WALK, settings=settings, env={"EKUIPER_TRANSPORT": request.param}) as host:
        yield host


@pytest.fixture(scope="module")
def old() -> Iterator[Host]:
    """The plugin under a 1.x host."""
    with Host(WALK, settings=OLD) as host:
        yield host


def gone(pid: int) -> bool:
    """Whether the process has ended; a zombie has, whoever should reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def eventually(condition: Callable[[], bool]) -> None:
    """Return when it holds, within the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


class TestFunctions:
    """Functions in another process."""

    @pytest.mark.parametrize(
        "value", [None, True, 3, 2.5, "ä<&>\u2028", [1, {"a": None}], "x" * 2**21]
    )
    def test_values(self, host, value):
        """What goes in comes out, also megabytes."""
        assert host.function("echo").exec(value) == value

    def test_an_answer_belongs_to_its_call(self, host):
        """Thousands of calls of several functions get their own answers."""
        echo, total = host.function("echo"), host.function("total")
        assert total.is_aggregate()
        for number in range(2000):
            assert echo.exec(number) == number
            assert total.exec([1, 1], rule="answers") == 2 * (number + 1)

    @pytest.mark.parametrize(
        ("how", "words"),
        [
            ("input", r"ValueError: bad input \(walk\.py:\d+\)"),
            ("exit", "SystemExit: leaving"),
            ("interrupt", "KeyboardInterrupt"),
            ("unsendable", r"result\.a\[0\]"),
        ],
    )
    def test_errors(self, host, how, words):
        """Whatever is raised is that call's error; the process stays."""
        before = host.function("pid").exec()
        with pytest.raises(CallError, match=words):
            host.function("fail").exec(how)
        assert host.function("pid").exec() == before

    def test_noise(self, host):
        """A plugin may print megabytes and close its stdin; the log keeps the lines."""
        assert host.function("noisy").exec(20_000) == 20_000
        assert "noise noise" in host.log_tail()


class TestSources:
    """Sources in another process."""

    def test_rows_in_order_without_loss(self, host):
        """A source is held up by a slow reader, and nothing is lost or exchanged."""
        with host.source("numbers", rule="order") as source:
            for number in range(20_000):
                row = source.recv(DEADLINE)
                assert isinstance(row, Row)
                assert row.message == {"n": number}
            assert source.malformed == 0

    def test_settings(self, host):
        """DATASOURCE and settings arrive."""
        with host.source("numbers", datasource="topic", config={"somekey": 1}) as source:
            assert source.recv(DEADLINE) == Row({"n": 0}, {"datasource": "topic", "key": 1})

    def test_a_refusal(self, host):
        """A start that fails says why, even if the reason begins with h."""
        with pytest.raises(HostError, match="ConnectionError: host unreachable"):
            host.source("refusing")

    def test_several_rules(self, host):
        """One source runs in several rules at once."""
        with host.source("numbers", rule="a") as one, host.source("numbers", rule="b") as other:
            assert one.recv(DEADLINE) == other.recv(DEADLINE)


class TestSinks:
    """Sinks in another process."""

    def test_acks(self, host, tmp_path):
        """With requireAck a send ends with the row's fate, and a bad row is only itself."""
        path = tmp_path / "rows"
        config = {"path": str(path), "requireAck": True}
        with host.sink("file", config=config) as sink:
            sink.send(b"one")
            with pytest.raises(HostError, match="OSError: disk full"):
                sink.send(b"bad")
            sink.send(b"two")
            assert lines(path) == ["one", "two"]

    def test_thankful_without_acks(self, host, tmp_path):
        """A sink that acknowledges what nobody asked for lives on, for thousands of rows."""
        path = tmp_path / "rows"
        count = 3000
        with host.sink("thankful", rule="many", config={"path": str(path)}) as sink:
            for number in range(count):
                sink.send(str(number).encode())
            with host.sink(
                "thankful", rule="last", config={"path": f"{path}.last", "requireAck": True}
            ) as last:
                last.send(b"other rules too")
            eventually(lambda: path.exists() and len(lines(path)) == count)
            assert lines(path) == [str(number) for number in range(count)]


class TestLife:
    """Start, crash, restart, end of the process."""

    @pytest.fixture
    def fresh(self) -> Iterator[Host]:
        with Host(WALK, settings=Settings(init_timeout=DEADLINE, ack_timeout=DEADLINE)) as host:
            yield host

    def test_close_leaves_no_process_and_no_file(self):
        """After close the process is gone, and so is the folder of its sockets."""
        with Host(WALK) as host:
            pid = host.function("pid").exec()
            folder = host.directory
            assert (folder / "plugin_walk.ipc").is_socket()
        eventually(lambda: gone(pid))
        assert not folder.exists()

    def test_all_functions_answer_after_a_crash(self, fresh, tmp_path):
        """Killed, and started again because a source is needed: every function answers, although
        the host starts only the last one again, and a sink collects."""
        names = ("echo", "total", "pid")
        functions = {name: fresh.function(name) for name in names}
        sink = fresh.sink("file", config={"path": str(tmp_path / "rows"), "requireAck": True})
        sink.send(b"before")
        before = functions["pid"].exec()
        fresh.kill()
        with fresh.source("numbers") as source:
            assert source.recv(DEADLINE) == Row({"n": 0}, {"datasource": "", "key": None})
        assert functions["echo"].exec("a") == "a"
        assert functions["total"].exec([1]) == 1
        assert functions["pid"].exec() != before
        sink.send(b"after")
        assert lines(tmp_path / "rows") == ["before", "after"]
        assert fresh.errors == []

    def test_sources_go_on_after_a_restart(self, fresh):
        """The host's sockets stay, so a restarted source's rows come on the same handle."""
        with fresh.source("numbers") as source:
            source.recv(DEADLINE)
            fresh.restart(seed=1)
            while source.recv(DEADLINE).message["n"] != 0:
                pass  # of the first run, still in the socket

    def test_a_call_that_kills(self):
        """A call that kills the process times out, and the status says how it ended: without a
        supervisor."""
        alone = {"EKUIPER_SUPERVISE": "0"}
        with Host(WALK, settings=Settings(recv_timeout=1.0), env=alone) as host:
            with pytest.raises(CallError, match="time out, plugin walk status"):
                host.function("fail").exec("die")
            eventually(lambda: host.status == "error")
            assert host.status_message == "exit status 3"
            with host.source("numbers") as source:  # which starts the plugin again
                source.recv(DEADLINE)
            assert host.function("echo").exec(1) == 1

    def test_a_call_that_kills_the_worker(self):
        """The plugin is running all the while, and answers whoever calls next; the call itself is
        an error when it has killed two."""
        with Host(WALK, settings=Settings(recv_timeout=DEADLINE)) as host:
            with pytest.raises(CallError, match=r"killed its worker twice \(with exit code 3\)"):
                host.function("fail").exec("die")
            assert (host.status, host.status_message) == ("running", "")
            assert host.function("echo").exec(1) == 1

    def test_a_late_reply(self):
        """A reply that comes after the timeout is not taken for the next one's."""
        with Host(WALK, settings=Settings(recv_timeout=1.5)) as host:
            slow = host.function("slow")
            with pytest.raises(CallError, match="time out"):
                slow.exec(2.0)
            assert slow.exec(0) == 0
            assert slow.exec(0.1) == 0.1

    def test_death_at_import(self, tmp_path):
        """A plugin that cannot be imported is reported with its traceback, at once."""
        manifest = {"language": "python", "executable": "m.py", "functions": ["f"]}
        (tmp_path / "m.json").write_text(json.dumps(manifest))
        (tmp_path / "m.py").write_text("import gone_missing")
        with pytest.raises(HostError, match=r"exit code 1(.|\n)*No module named 'gone_missing'"):
            Host(tmp_path).start()

    def test_a_wrong_name(self, tmp_path):
        """A plugin that calls itself something else cannot find its host, and says so."""
        manifest = {"language": "python", "executable": "m.py", "functions": ["f"]}
        (tmp_path / "m.json").write_text(json.dumps(manifest))
        script = "from ekuiper import *\nplugin.start(PluginConfig('n', functions={'f': Function}))"
        (tmp_path / "m.py").write_text(script)
        with pytest.raises(HostError, match="the name the plugin is installed under"):
            Host(tmp_path).start()


class TestOldHosts:
    """The same plugin under eKuiper 1.x."""

    def test_datasource(self, old):
        """1.x puts DATASOURCE beside the config."""
        config = {"someKey": 1}
        with old.source("numbers", datasource="topic", config=config) as source:
            assert source.recv(DEADLINE) == Row({"n": 0}, {"datasource": "topic", "key": 1})

    def test_no_ack_channel(self, old, tmp_path):
        """Before 1.14 nobody listens for acks, and a sink that sends them works."""
        path = tmp_path / "rows"
        with old.sink("thankful", config={"path": str(path)}) as sink:
            for _ in range(3):
                sink.send(b"row")
            eventually(lambda: path.exists() and lines(path) == ["row"] * 3)

    def test_a_result_too_large(self, old):
        """Over 1 MiB is answered with an error that names the size, not sent for ever."""
        big = old.function("big")
        assert len(big.exec(1_000_000)) == 1_000_000
        with pytest.raises(CallError, match="1500"):
            big.exec(1_500_000)
        assert big.exec(3) == "xxx"
