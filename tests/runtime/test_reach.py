"""A plugin looks for its host for a while, but not when that has ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks at /proc")

PLUGIN = """
import threading
from ekuiper.errors import ConnectError
from ekuiper.protocol.addresses import Addresses
from ekuiper.runtime.reach import reach
def dial(url, timeout):
    threading.Event().wait(timeout)
    print("dialled", flush=True)
    raise ConnectError(url, 1, "nobody is there")
try:
    reach("p", dial, Addresses("/nowhere"), TIMEOUT)
except ConnectError as error:
    print(error, flush=True)
"""
BELOW = "import subprocess, sys; subprocess.call([sys.executable, '-c', *sys.argv[1:]])"


def host_of(*below: str) -> subprocess.Popen[str]:
    """A process that runs these, each the next one's parent."""
    command = [sys.executable, "-c", BELOW, *below]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "in a wrapper"])
def test_the_host_dies_meanwhile(wrapped):
    """It is looked for no longer, also if a wrapper lives on."""
    plugin = PLUGIN.replace("TIMEOUT", "60")
    with host_of(*[BELOW] * wrapped, plugin) as host:
        assert host.stdout is not None
        for _ in range(3):
            assert host.stdout.readline() == "dialled\n"
        host.send_signal(signal.SIGKILL)
        said = host.stdout.read()  # until the last of them has ended

    assert "nobody is there; whoever started this process has ended" in said


def test_the_host_lives():
    """Then the name is wrong, most likely; told with how often it was tried."""
    with host_of(PLUGIN.replace("TIMEOUT", "0.3")) as host:
        assert host.stdout is not None
        said = host.stdout.read()

    assert said.count("dialled") == 2
    assert "must be the name the plugin is installed under" in said


ORPHAN = """
import os
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    pass
print(os.getppid(), flush=True)
"""


def test_the_host_was_dead_before():
    """Whoever is adopted by process 1 looks for half a second: that is the host, or none is."""
    began = time.monotonic()
    with host_of(ORPHAN + PLUGIN.replace("TIMEOUT", "60")) as host:
        assert host.stdout is not None
        parent, *said = host.stdout.read().splitlines()

    if parent != "1":
        pytest.skip(f"orphans are adopted by process {parent} here")
    assert time.monotonic() - began < 30
    assert said.count("dialled") == 2
