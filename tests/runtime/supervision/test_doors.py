"""A host that comes to a sink between two workers."""

from __future__ import annotations

import os
import signal

import pytest
from tests.runtime.test_process import DEADLINE

from ekuiper.errors import ConnectError
from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta

from .test_reload import await_generation, reload
from .test_status import await_status

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="counts descriptors in /proc"
)

BODY = """
class K(Sink):
    def collect(self, ctx, data):
        with open(HERE / "collected", "a") as file:
            print(data.decode(), file=file)
while (HERE / "wait").exists():
    time.sleep(0.01)
plugin.start(PluginConfig('p', {}, {'k': K}, {}))
"""
CONFIGURED = """class K(Sink):
    def configure(self, conf):
        if (HERE / "deadly").exists():
            os.kill(os.getpid(), 9)"""
PLACE = Meta("r", "o", 0)


@pytest.fixture
def plugin(supervised):
    plugin = supervised("import os, time" + BODY).hosted()
    plugin.start("sink", "k")
    return plugin


@pytest.fixture
def url(plugin):
    return plugin.addresses.data(PLACE)


def kill_worker(plugin) -> None:
    os.kill(plugin.only_worker(), signal.SIGKILL)


def await_row(plugin, row: str) -> None:
    """As the last one that was collected."""
    collected = plugin.folder / "collected"
    await_status(plugin, lambda _: collected.exists() and collected.read_text().endswith(row))


def test_it_is_let_in_by_the_next_one(plugin, url):
    """eKuiper ends a rule whose sink turns it away right after the start."""
    (plugin.folder / "wait").touch()
    kill_worker(plugin)
    await_status(plugin, lambda found: found["state"] == "importing")
    host = plugin.keep(plugin.transport.push(url))  # it would be refused where nobody listens
    (plugin.folder / "wait").unlink()
    host.send(b"a row", DEADLINE)

    await_row(plugin, "a row\n")


def test_a_file_that_was_removed_is_made_again(plugin, url):
    """Who listens at it would wait for ever."""
    os.unlink(url.removeprefix("ipc://"))
    kill_worker(plugin)
    await_status(plugin, lambda found: (found["generation"], found["state"]) == (2, "serving"))
    plugin.keep(plugin.transport.push(url, DEADLINE)).send(b"another", DEADLINE)

    await_row(plugin, "another\n")


def held(plugin) -> tuple[int, ...]:
    """How many descriptors supervisor and worker have."""
    pids = plugin.process.pid, plugin.only_worker()
    return tuple(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def test_nothing_is_held_twice(plugin, url):
    """Neither by the supervisor nor by the worker after a reload and a death; nor after a stop."""
    await_generation(plugin, 1)
    supervisor, worker = held(plugin)
    reload(plugin)
    await_generation(plugin, 2)
    await_status(plugin, lambda _: held(plugin) == (supervisor, worker))
    kill_worker(plugin)
    await_generation(plugin, 3)
    await_status(plugin, lambda _: held(plugin) == (supervisor, worker))
    assert plugin.command(encode_command(Command("stop", "sink", "k", PLACE, None, {}))) == b"ok"
    assert not os.path.exists(url.removeprefix("ipc://"))
    await_status(plugin, lambda _: held(plugin)[0] == supervisor - 1)


def test_a_sink_that_is_left_out_turns_its_host_away(supervised):
    """Else rows would go where nobody takes them."""
    body = "import os, time" + BODY.replace("class K(Sink):", CONFIGURED)
    plugin = supervised(body).hosted()
    plugin.start("sink", "k")
    (plugin.folder / "deadly").touch()
    kill_worker(plugin)
    await_status(plugin, lambda found: found["generation"] == 5 and found["state"] == "serving")

    with pytest.raises(ConnectError):
        plugin.transport.push(plugin.addresses.data(PLACE))
