"""New code takes over while rows and calls come: none is lost, doubled or shifted."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from itertools import pairwise

import pytest
from tests.runtime.test_process import DEADLINE, ask

from ekuiper.protocol.codec import decode_reply, encode_call, encode_command
from ekuiper.protocol.messages import Call, CallContext, Command, Meta
from ekuiper.runtime.launcher import text as launcher
from ekuiper.transport import wait

from .conftest import ANOTHER
from .test_status import await_status

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

VERSION = "VERSION = 1\n"

PLUGIN = (
    VERSION
    + """
class S(Source):
    def configure(self, datasource, conf):
        self.done = HERE / "done"
    def open(self, ctx):
        self.ended = threading.Event()
        n = int(self.done.read_text() or 0) if self.done.exists() else 0
        while not self.ended.wait(0.001):
            ctx.emit({"n": n + 1, "version": VERSION})
            n += 1
            self.done.write_text(str(n))
    def close(self, ctx):
        self.ended.set()
class K(Sink):
    def open(self, ctx):
        self.file = open(HERE / "collected", "a")
    def collect(self, ctx, data):
        self.file.write(f"{VERSION} {data.decode() if isinstance(data, bytes) else data}\\n")
        self.file.flush()
def tag(args):
    return [VERSION, args[0], os.getpid()]
plugin.start(PluginConfig('p', {'s': S}, {'k': K}, {'f': echo(tag)}))
"""
)


def change(plugin, old=VERSION, new="VERSION = 2\n"):
    """Save the script, as an editor does."""
    text = plugin.script.read_text()
    assert old in text
    other = plugin.script.with_suffix(".new")
    other.write_text(text.replace(old, new))
    os.replace(other, plugin.script)


def reload(plugin) -> None:
    plugin.process.send_signal(signal.SIGHUP)


def await_generation(plugin, number):
    return await_status(
        plugin, lambda found: (found["generation"], found["state"]) == (number, "serving")
    )


class Host:
    """Calls a function, feeds a sink and takes from a source, each as fast as it may."""

    def __init__(self, plugin) -> None:
        self.plugin = plugin
        self.ends = threading.Event()
        url = plugin.addresses.data
        self.rows = plugin.keep(plugin.transport.pull(url(Meta("rs", "o", 0))))
        plugin.control.send(start_frame_of("source", "s", "rs"))
        assert plugin.control.recv(DEADLINE) == b"ok"
        plugin.control.send(start_frame_of("sink", "k", "rk"))
        assert plugin.control.recv(DEADLINE) == b"ok"
        self.sink = plugin.keep(plugin.transport.push(url(Meta("rk", "o", 0)), DEADLINE))
        self.function = plugin.function("f")
        self.answers, self.sent, self.received, self.handshakes = [], 0, [], 0
        self.slowest = 0.0
        self.threads = [
            threading.Thread(target=each) for each in (self._call, self._feed, self._take)
        ]
        for thread in self.threads:
            thread.start()

    def _call(self) -> None:
        n = 0
        while not self.ends.is_set():
            self.function.send(encode_call(Call("Exec", [n], CallContext("r", "o", 0, 0))))
            began = time.monotonic()
            frame = self.function.recv(DEADLINE)
            if frame == b"handshake":
                self.handshakes += 1
                continue  # asked again
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers.append(decode_reply(frame).result)
            n += 1

    def _feed(self) -> None:
        while not self.ends.wait(0.001):
            self.sink.send(b"%d" % self.sent, DEADLINE)
            self.sent += 1

    def _take(self) -> None:
        while not self.ends.is_set():
            if wait([self.rows], 0.05):
                self.received.append(json.loads(self.rows.recv(0))["message"])

    def collected(self):
        return [
            tuple(map(int, line.split()))
            for line in (self.plugin.folder / "collected").read_text().splitlines()
        ]

    def until(self, wanted) -> None:
        deadline = time.monotonic() + DEADLINE
        while not wanted():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def stop(self) -> None:
        self.ends.set()
        for thread in self.threads:
            thread.join(DEADLINE)


def start_frame_of(kind, symbol, rule):
    return encode_command(Command("start", kind, symbol, Meta(rule, "o", 0), None, {}))


@pytest.fixture
def host(supervised):
    plugin = supervised(PLUGIN).hosted()
    host = Host(plugin)
    yield host
    host.stop()


def in_order(versions) -> bool:
    return all(a <= b for a, b in pairwise(versions))


def test_nothing_is_lost_or_doubled(host):
    """Under load: calls, rows of a source and rows of a sink, each wholly old or new."""
    host.until(lambda: len(host.answers) > 50 and len(host.received) > 50 and host.sent > 50)
    change(host.plugin)
    reload(host.plugin)
    host.until(
        lambda: (
            host.answers[-1][0] == 2
            and host.received[-1]["version"] == 2
            and host.collected()[-1][0] == 2
        )
    )
    before = len(host.answers), len(host.received), host.sent
    host.until(
        lambda: (
            len(host.answers) > before[0] + 50
            and len(host.received) > before[1] + 50
            and host.sent > before[2] + 50
        )
    )
    host.stop()
    sent = host.sent
    host.until(lambda: len(host.collected()) >= sent)

    assert [answer[1] for answer in host.answers] == [*range(len(host.answers))]
    assert in_order([answer[0] for answer in host.answers])
    assert [n for _, n in host.collected()] == [*range(sent)]
    assert in_order([version for version, _ in host.collected()])
    assert [row["n"] for row in host.received] == [*range(1, len(host.received) + 1)]
    assert in_order([row["version"] for row in host.received])
    assert host.handshakes == 0


def held(plugin) -> list[str]:
    """What kinds of files the worker has open."""
    (worker,) = plugin.workers()
    folder = f"/proc/{worker}/fd"
    links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
    return sorted(link.partition(":[")[0] for link in links)


def test_the_new_worker_has_nothing_of_the_old_one(supervised):
    """It is forked while that lives, and holds the same files that one held."""
    plugin = supervised("plugin.start(PluginConfig('p', {}, {}, {'f': echo()}))").hosted()
    await_generation(plugin, 1)
    before = held(plugin)
    for generation in (2, 3):
        reload(plugin)
        await_generation(plugin, generation)
        plugin.only_worker()
        assert held(plugin) == before


def test_under_an_interpreter_of_its_own(supervised):
    """Workers that are not forked, but run by another Python: the same."""
    plugin = supervised(PLUGIN)
    os.rename(plugin.script, plugin.folder / "body.py")
    plugin.script.write_text(launcher("p", "body.py", interpreter=ANOTHER))
    host = Host(plugin.hosted())
    try:
        host.until(lambda: len(host.answers) > 20)
        text = (plugin.folder / "body.py").read_text()
        (plugin.folder / "body.py").write_text(text.replace(VERSION, "VERSION = 2\n"))
        reload(plugin)
        host.until(lambda: host.answers[-1][0] == 2 and host.collected()[-1][0] == 2)
    finally:
        host.stop()

    assert [answer[1] for answer in host.answers] == [*range(len(host.answers))]
    assert [row["n"] for row in host.received] == [*range(1, len(host.received) + 1)]
    assert host.handshakes == 0


def test_a_function_that_the_host_did_not_start_goes_on(supervised):
    """It uses it, as it did before the plugin was started again: same connection."""
    plugin = supervised(PLUGIN)
    function = plugin.keep(plugin.transport.rep(plugin.addresses.function("f")))
    plugin.hosted()
    assert function.recv(DEADLINE) == b"handshake"
    assert ask(function, 1)[:2] == [1, 1]
    change(plugin)
    reload(plugin)
    await_generation(plugin, 2)

    assert ask(function, 2)[:2] == [2, 2]


def test_a_call_that_runs_is_answered_by_whom_it_was_given_to(supervised):
    """However long it takes; the next one is the new worker's."""
    body = PLUGIN.replace(
        "def tag(args):",
        "def tag(args):\n    while args[0] == 'wait' and not (HERE / 'go').exists(): pass",
    )
    plugin = supervised(body).hosted()
    function = plugin.function("f")
    function.send(encode_call(Call("Exec", ["wait"], CallContext("r", "o", 0, 0))))
    change(plugin)
    reload(plugin)
    await_status(plugin, lambda found: found["reloading"] == "switching")
    (plugin.folder / "go").touch()

    assert decode_reply(function.recv(DEADLINE)).result[:2] == [1, "wait"]
    await_generation(plugin, 2)
    assert ask(function, 0)[:2] == [2, 0]
