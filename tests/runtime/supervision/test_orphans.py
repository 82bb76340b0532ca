"""The host is killed: nothing of a plugin is left, whoever stands between the two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.runtime.test_process import DEADLINE, HOST_ARGUMENT, HOST_SCRIPT

from .conftest import children
from .test_deaths import ALL_KINDS, await_end

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

SHELL = ("/bin/sh", "-c", '"$@"; exit $?', "sh")


def first_children(pid: int) -> list[int]:
    """The child processes of one, as soon as it has any."""
    deadline = time.monotonic() + DEADLINE
    while not (found := children(pid)):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    return found


@pytest.mark.parametrize("wrappers", [0, 2], ids=["bare", "behind two wrappers"])
def test_nothing_is_left(supervised, wrappers):
    """Neither supervisor nor worker, three seconds later."""
    plugin = supervised(ALL_KINDS)
    plugin.control.close()  # it is the other process's
    command = [*SHELL * wrappers, sys.executable, str(plugin.script), HOST_ARGUMENT]
    with subprocess.Popen(
        [sys.executable, "-c", HOST_SCRIPT, str(plugin.folder), *command],
        env={**os.environ, "EKUIPER_SOCKET_DIR": str(plugin.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None
        below = [int(host.stdout.readline())]
        for _ in range(wrappers):
            below += first_children(below[-1])
        (worker,) = first_children(below[-1])
        host.send_signal(signal.SIGKILL)
        assert host.wait(DEADLINE) == -signal.SIGKILL
        for pid in (below[-1], worker):
            await_end(pid, timeout=3.0)
