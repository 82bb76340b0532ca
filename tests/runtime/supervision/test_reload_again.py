"""A start of what runs, while the next worker is prepared."""

from __future__ import annotations

import os

import pytest
from tests.runtime.test_process import ask

from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta

from .test_reload import await_generation, reload
from .test_status import await_status

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"), reason="counts threads in /proc"
)

BODY = """
import time
class S(Source):
    def configure(self, datasource, conf):
        while (HERE / "wait").exists():
            time.sleep(0.01)
    def open(self, ctx):
        self.ended = threading.Event()
        self.ended.wait()
    def close(self, ctx):
        self.ended.set()
plugin.start(PluginConfig('p', {'s': S}, {}, {'f': echo()}))
"""


def threads(plugin) -> int:
    return len(os.listdir(f"/proc/{plugin.only_worker()}/task"))


def test_what_was_prepared_for_the_start_before_it_is_let_go(supervised):
    """No thread is left that waits for its turn."""
    plugin = supervised(BODY).hosted()
    function = plugin.function("f")
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    assert ask(function, 1) == [1]
    before = threads(plugin)
    (plugin.folder / "wait").touch()
    reload(plugin)
    await_status(plugin, lambda found: found["reloading"] == "preparing")
    for rule in ("r", "another"):  # a host that names the rule, or not
        start = encode_command(Command("start", "func", "f", Meta(rule, "o", 0), None, {}))
        assert plugin.command(start) == b"ok"
    (plugin.folder / "wait").unlink()
    await_generation(plugin, 2)

    assert ask(function, 2) == [2]
    await_status(plugin, lambda _: threads(plugin) == before)
    rows.close()
