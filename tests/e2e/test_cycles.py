"""Starting and stopping leaves nothing behind: no thread, no descriptor, no socket file.

`make cycles` runs it with CYCLES=10000 and RESTARTS=1000; a short run is part of `make test`.
"""

from __future__ import annotations

import gc
import json
import os
import select
import sys
import threading
import time
from pathlib import Path

import pytest

from ekuiper.host.embedded.host import Host

CYCLES = int(os.environ.get("CYCLES", "60"))
RESTARTS = int(os.environ.get("RESTARTS", "5"))
DEADLINE = 10.0

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="counts descriptors and threads in /proc"
)

SCRIPT = """
from ekuiper import Function, PluginConfig, Sink, Source, plugin
import os
import threading

class Numbers(Source):
    def open(self, ctx):
        self.end = threading.Event()
        number = 0
        while not self.end.is_set():
            ctx.emit({"n": number})
            number += 1
            self.end.wait(0.001)
    def close(self, ctx):
        self.end.set()

class Keep(Sink):
    def collect(self, ctx, data):
        pass

class Pid(Function):
    def exec(self, args, ctx):
        return os.getpid()

plugin.start(PluginConfig("cycles", {"numbers": Numbers}, {"keep": Keep}, {"pid": Pid}))
"""


@pytest.fixture
def plugin(tmp_path):
    """The folder of a plugin with one symbol of each kind."""
    (tmp_path / "cycles.py").write_text(SCRIPT)
    manifest = {
        "version": "1",
        "language": "python",
        "executable": "cycles.py",
        "sources": ["numbers"],
        "sinks": ["keep"],
        "functions": ["pid"],
    }
    (tmp_path / "cycles.json").write_text(json.dumps(manifest))
    return tmp_path


def state_of(pid: int) -> tuple[int, int, int]:
    """Threads, descriptors and kB of memory of a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(status["Threads"]), descriptors, int(status["VmRSS"].split()[0])


def settled(pid: int, expected: tuple[int, int]) -> tuple[int, int, int]:
    """The state once threads and descriptors are at most what is expected, or at the deadline."""
    until = time.monotonic() + DEADLINE
    while True:
        state = state_of(pid)
        fits = state[0] <= expected[0] and state[1] <= expected[1]
        if fits or time.monotonic() > until:
            return state
        os.sched_yield()


def sockets(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.ipc"))


def test_starts_and_stops_leave_nothing_in_the_plugin(plugin, tmp_path_factory, capsys):
    """Sources and sinks come and go; the process is as it was, and so is the folder."""
    folder = tmp_path_factory.mktemp("s")
    with Host(plugin, directory=str(folder)) as host:
        one_cycle(host, 0)
        pid = host.function("pid").exec()
        before, files = state_of(pid), sockets(folder)
        began = time.monotonic()
        for number in range(CYCLES):
            one_cycle(host, number)
        took = time.monotonic() - began
        after = settled(pid, before[:2])
        assert after[0] <= before[0]
        assert after[1] <= before[1]
        assert sockets(folder) == files
        assert after[2] - before[2] < 4096, "memory grew by more than 4 MB"
        assert host.function("pid").exec() == pid
    assert sockets(folder) == []
    with capsys.disabled():
        print(
            f"\n{CYCLES} start/stop cycles in {took:.1f} s: "
            f"threads, descriptors, kB {before} -> {after}"
        )


def one_cycle(host: Host, number: int) -> None:
    rule = f"r{number % 7}"
    with host.source("numbers", rule=rule) as source, host.sink("keep", rule=rule) as sink:
        if number % 10 == 0:
            source.recv(DEADLINE)
            sink.send(b"[]")


def test_restarts_of_the_host_leave_nothing_here(plugin, tmp_path_factory, capsys):
    """Each host spawns the plugin anew and kills it; no process, socket or thread stays."""
    folder = tmp_path_factory.mktemp("s")
    one_host(plugin, folder)
    gc.collect()
    before = state_of(os.getpid())
    began = time.monotonic()
    for _ in range(RESTARTS):
        one_host(plugin, folder)
    took = time.monotonic() - began
    gc.collect()
    after = settled(os.getpid(), before[:2])
    assert after[0] <= before[0], [thread.name for thread in threading.enumerate()]
    assert after[1] <= before[1]
    assert sockets(folder) == []
    with capsys.disabled():
        print(
            f"\n{RESTARTS} host restarts in {took:.1f} s: "
            f"threads, descriptors, kB {before} -> {after}"
        )


def one_host(plugin: Path, folder: Path) -> None:
    with Host(plugin, directory=str(folder)) as host:
        pid = host.function("pid").exec()
    await_end(pid)


def await_end(pid: int) -> None:
    """Of a worker whose supervisor was killed; a zombie has ended, whoever should reap it."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(DEADLINE * 1000)
    os.close(fd)
