"""What a supervisor finds at one look, since it was away for long."""

from __future__ import annotations

import os
import signal

import pytest
from tests.runtime.test_process import DEADLINE

from ekuiper.protocol.messages import Meta
from ekuiper.runtime.launcher import text as launcher

from .test_deaths import await_end, start_frame
from .test_status import await_status

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

PLACE = Meta("r", "o", 0)

READY_AND_DEAD = """
    from ekuiper.runtime.supervision import link
    import time
    first = not (HERE / "first").exists()
    (HERE / "first").touch()
    send = link.Link.send
    def last_words(self, kind, *rest):
        send(self, kind, *rest)
        if first and kind == link.READY:
            os._exit(7)
    link.Link.send = last_words
    while first and not (HERE / "go on").exists():
        time.sleep(0.01)
    class S(Source):
        def open(self, ctx): threading.Event().wait()
    plugin.start(PluginConfig('p', {'s': S}, {}, {}))
"""


def test_a_worker_that_is_ready_and_dead(supervised):
    """The start that was held for it is given to the next one."""
    plugin = supervised(READY_AND_DEAD)
    os.rename(plugin.script, plugin.folder / "body.py")
    plugin.script.write_text(launcher("p", "body.py"))
    plugin.hosted()
    plugin.control.send(start_frame("source", "s"))
    plugin.keep(plugin.transport.pull(plugin.addresses.data(PLACE)))
    await_status(plugin, lambda found: found["state"] == "importing")  # it has read the start
    (worker,) = plugin.workers()
    plugin.process.send_signal(signal.SIGSTOP)
    (plugin.folder / "go on").touch()
    await_end(worker)
    plugin.process.send_signal(signal.SIGCONT)

    assert plugin.control.recv(DEADLINE) == b"ok"
    assert await_status(plugin, lambda found: found["state"] == "serving")["generation"] == 2
