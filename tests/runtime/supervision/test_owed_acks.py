"""With requireAck the host gets one ack for each row, whatever the worker dies of in between."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest
from tests.runtime.test_process import DEADLINE

from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta
from ekuiper.runtime.launcher import text as launcher
from ekuiper.transport import wait

from .conftest import ANOTHER, children
from .test_deaths import await_end

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

SINK = """
    class K(Sink):
        ack = "auto"
        def configure(self, conf): pass
        def open(self, ctx):
            if (HERE / "die in open").exists():
                (HERE / "die in open").unlink()
                os._exit(7)
        def collect(self, ctx, data):
            with open(HERE / "collected", "ab") as file:
                file.write(data + b" ")
            if data == b"exit": os._exit(7)
            if data == b"segv":
                import ctypes
                ctypes.string_at(0)
            if data == b"bad": raise ValueError("no")
            if data == b"wait":
                (HERE / "waits").touch()
                threading.Event().wait()
    plugin.start(PluginConfig('p', {}, {'k': K}, {'echo': echo()}))
"""

PLACE = Meta("r", "o", 0)


class Host:
    """eKuiper's end of one sink with acks."""

    def __init__(self, plugin) -> None:
        self.plugin = plugin
        self.acks = plugin.keep(plugin.transport.pull(plugin.addresses.ack(PLACE)))
        assert self.command("start") == b"ok"
        url = plugin.addresses.data(PLACE)
        self.rows = plugin.keep(plugin.transport.push(url, DEADLINE))

    def command(self, verb):
        config = {"requireAck": True}
        frame = encode_command(Command(verb, "sink", "k", PLACE, None, config))
        self.plugin.control.send(frame)
        return self.plugin.control.recv(DEADLINE)

    def give(self, row: bytes) -> str | None:
        """Hand over a row and wait for its ack, as long as eKuiper does: the error in it."""
        self.rows.send(row, DEADLINE)
        return json.loads(self.acks.recv(DEADLINE)).get("error")

    def nothing_more(self) -> bool:
        return wait([self.acks], 0) == []


@pytest.fixture
def hosted(supervised):
    def make(own: bool = False) -> Host:
        plugin = supervised(SINK)
        if own:
            os.rename(plugin.script, plugin.folder / "body.py")
            plugin.script.write_text(launcher("p", "body.py", interpreter=ANOTHER))
        return Host(plugin.hosted())

    return make


def until(plugin, condition) -> None:
    while not condition():
        assert plugin.process.poll() is None
        threading.Event().wait(0.01)


def until_there(plugin, name: str) -> None:
    until(plugin, (plugin.folder / name).exists)


def collected(plugin) -> list[bytes]:
    return (plugin.folder / "collected").read_bytes().split()


@pytest.mark.parametrize("own", [False, True], ids=["forked", "own interpreter"])
def test_the_next_worker_answers_for_the_one_that_died(hosted, own):
    """With an error that names the death; the connection stays, and rows go on."""
    host = hosted(own)
    assert host.give(b"1") is None
    assert host.give(b"exit") == "the worker ended with exit code 7 before this row was done"
    assert host.give(b"2") is None
    assert "ValueError: no" in host.give(b"bad")
    assert host.give(b"3") is None

    assert host.rows.peer is not None
    assert host.nothing_more()
    assert collected(host.plugin) == [b"1", b"exit", b"2", b"bad", b"3"]


def test_a_row_that_nobody_had_taken_is_done(hosted):
    """It waits in the socket while there is no worker: nothing is owed for it."""
    host = hosted()
    assert host.give(b"1") is None
    for number in range(3):
        (worker,) = host.plugin.workers()
        os.kill(worker, signal.SIGKILL)
        assert host.give(b"%d" % number) is None

    assert host.nothing_more()


def test_a_row_that_comes_before_open_is_done(hosted):
    """Also if opening kills the worker."""
    host = hosted()
    assert host.give(b"0") is None  # the connection is the supervisor's, too, from now on
    (worker,) = host.plugin.workers()
    (host.plugin.folder / "die in open").touch()
    os.kill(worker, signal.SIGKILL)

    assert host.give(b"1") is None
    assert host.nothing_more()
    assert not (host.plugin.folder / "die in open").exists()


def test_one_that_is_killed_while_it_collects(hosted):
    """The signal is named."""
    host = hosted()
    host.rows.send(b"wait")
    until_there(host.plugin, "waits")
    (worker,) = host.plugin.workers()
    os.kill(worker, signal.SIGKILL)
    error = json.loads(host.acks.recv(DEADLINE))["error"]

    assert error == "the worker ended by SIGKILL before this row was done"
    assert host.give(b"1") is None


def test_killed_at_random(hosted):
    """Each row has one ack, and what is said to be done was done, once."""
    host = hosted()
    done = []
    for number in range(60):
        if number % 10 == 1:
            host.rows.send(b"%d" % number)
            for worker in host.plugin.workers():
                os.kill(worker, signal.SIGKILL)
            error = json.loads(host.acks.recv(DEADLINE)).get("error")
        else:
            error = host.give(b"%d" % number)
        assert error is None or "by SIGKILL" in error
        if error is None:
            done.append(b"%d" % number)

    rows = collected(host.plugin)
    assert all(rows.count(row) == 1 for row in done)
    assert host.nothing_more()


def test_a_start_that_meets_a_replay(hosted):
    """The symbol is started twice in a row, the second time on sockets of its own."""
    host = hosted()
    for number in range(3):
        assert host.give(b"%d" % number) is None
        (worker,) = host.plugin.workers()
        os.kill(worker, signal.SIGKILL)
        await_end(worker)
        assert host.command("start") == b"ok"
        host.rows.close()
        url = host.plugin.addresses.data(PLACE)
        host.rows = host.plugin.keep(host.plugin.transport.push(url, DEADLINE))
    assert host.give(b"3") is None
    assert host.nothing_more()


def test_a_stop_ends_all_that_is_kept(hosted):
    """Also while there is no worker; a new start owes nothing for what was before."""
    host = hosted()
    fds = f"/proc/{host.plugin.process.pid}/fd"
    with_sink = len(os.listdir(fds))
    for row in (b"wait", None):
        if row is not None:
            host.rows.send(row)
            until_there(host.plugin, "waits")
            for worker in children(host.plugin.process.pid):
                os.kill(worker, signal.SIGKILL)
                await_end(worker)
        host.rows.close()
        host.acks.close()
        assert host.command("stop") == b"ok"
        assert len(os.listdir(fds)) < with_sink or row is not None
        host = Host(host.plugin)
        assert host.give(b"1") is None
        assert host.nothing_more()
    host.plugin.process.send_signal(signal.SIGTERM)
    status, output = host.plugin.end()

    assert status == 0, output
    assert [path.name for path in host.plugin.folder.glob("r_o_0.ipc")] == []


def test_a_death_after_a_reload(hosted):
    """What the worker of a reload took over is kept for the next one as well."""
    host = hosted()
    before = host.plugin.workers()
    os.kill(host.plugin.process.pid, signal.SIGHUP)
    for number in range(50):
        assert host.give(b"%d" % number) is None
    until(host.plugin, lambda: len(now := host.plugin.workers()) == 1 and now != before)
    assert host.give(b"exit") == "the worker ended with exit code 7 before this row was done"
    assert host.give(b"1") is None
    assert host.nothing_more()


@pytest.mark.parametrize("own", [False, True], ids=["forked", "own interpreter"])
def test_the_third_time_a_row_is_not_collected(hosted, own):
    """It killed two workers: the ack says so, and that of other rows is their own."""
    host = hosted(own)
    for _ in range(2):
        assert host.give(b"segv") == "the worker ended by SIGSEGV before this row was done"
        assert host.give(b"1") is None
    for _ in range(2):
        error = host.give(b"segv")
        assert error.startswith("sink 'k' of plugin 'p' in rule 'r' (o): killed its worker twice")
        assert re.search(r"\(by SIGSEGV\) on this row; not called again for [56]\d s", error)
        assert host.give(b"1") is None

    assert host.nothing_more()
    assert collected(host.plugin).count(b"segv") == 2


def test_without_acks_it_is_skipped(supervised):
    """And logged; the rows after it are collected."""
    plugin = supervised(SINK).hosted()
    plugin.start("sink", "k")
    for number in range(4):
        with plugin.transport.push(plugin.addresses.data(PLACE), DEADLINE) as rows:
            (worker,) = plugin.workers()
            rows.send(b"segv")
            if number < 2:
                await_end(worker)
            rows.send(b"%d" % number, DEADLINE)
            until(plugin, lambda number=number: b"%d" % number in collected(plugin))
    plugin.process.send_signal(signal.SIGTERM)
    _, output = plugin.end()

    assert collected(plugin).count(b"segv") == 2
    assert output.count("(by SIGSEGV) on this row; not called again for") == 1


def test_without_acks_only_the_door_is_kept(supervised):
    """The supervisor has one descriptor more than before the start."""
    plugin = supervised(SINK).hosted()
    plugin.function("echo")  # so that the worker is there
    fds = f"/proc/{plugin.process.pid}/fd"
    before = len(os.listdir(fds))
    plugin.start("sink", "k")
    with plugin.transport.push(plugin.addresses.data(PLACE), DEADLINE) as rows:
        rows.send(b"1")
        until_there(plugin, "collected")

    assert len(os.listdir(fds)) == before + 1
