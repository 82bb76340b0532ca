"""A sink with requireAck is reloaded: the host gets one ack for each row, in their order."""

from __future__ import annotations

import json

from tests.runtime.test_process import DEADLINE

from .test_owed_acks import Host, collected
from .test_reload import await_generation, change, pytestmark, reload

__all__ = ["pytestmark"]

MANUAL = """
    VERSION = 1
    class K(Sink):
        ack = "manual" if VERSION == 1 else "auto"
        def open(self, ctx): self.rows = []
        def collect(self, ctx, data):
            self.rows.append(data)
            with open(HERE / "collected", "ab") as file:
                file.write(data + b" ")
        def close(self, ctx):
            if VERSION == 1: ctx.ack_ok()
    plugin.start(PluginConfig('p', {}, {'k': K}, {'echo': echo()}))
"""


def test_rows_that_were_kept_are_settled(supervised):
    """Those that `close` acknowledges as it says, the others as failed; then rows go on."""
    plugin = supervised(MANUAL).hosted()
    host = Host(plugin)
    for row in (b"1", b"2", b"3"):
        host.rows.send(row, DEADLINE)
    while not (plugin.folder / "collected").exists() or len(collected(plugin)) < 3:
        pass
    change(plugin)
    reload(plugin)
    await_generation(plugin, 2)
    acks = [json.loads(host.acks.recv(DEADLINE)).get("error") for _ in range(3)]

    late = "its plugin was reloaded before this row was acknowledged"
    assert acks == [None, late, late]
    assert [host.give(b"4"), host.give(b"5")] == [None, None]
    assert host.nothing_more()
    assert collected(plugin) == [b"1", b"2", b"3", b"4", b"5"]


def test_each_row_has_its_ack_under_load(supervised):
    """While one reload follows the other."""
    plugin = supervised(MANUAL.replace("VERSION = 1", "VERSION = 2")).hosted()
    host = Host(plugin)
    for generation in range(2, 6):
        for n in range(50):
            host.rows.send(b"%d-%d" % (generation, n), DEADLINE)
        reload(plugin)
        for n in range(50, 100):
            host.rows.send(b"%d-%d" % (generation, n), DEADLINE)
        await_generation(plugin, generation)
    for _ in range(400):
        assert json.loads(host.acks.recv(DEADLINE)).get("error") is None

    assert host.nothing_more()
    assert collected(plugin) == [b"%d-%d" % (g, n) for g in range(2, 6) for n in range(100)]
