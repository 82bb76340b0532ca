"""A plugin behind a wrapper that holds back what it prints."""

from __future__ import annotations

import sys

from tests.runtime.supervision.conftest import Supervised
from tests.runtime.test_process import DEADLINE

from ekuiper.runtime.launcher import text

# Two processes deep, and nothing is shown before the end, as with `conda run`.
WRAPPER = """
import subprocess, sys
subprocess.run(["/bin/sh", "-c", '"$@"; exit $?', "sh", *sys.argv[1:]], stdout=subprocess.PIPE,
               stderr=subprocess.PIPE)
"""


def test_what_it_prints_comes_at_once(tmp_path):
    """By the wrapper's own output; also what the worker prints."""
    plugin = Supervised(
        tmp_path,
        "print('imported', flush=True)\nplugin.start(PluginConfig('p', {}, {}, {'e': echo()}))",
    )
    plugin.script = tmp_path / "launch.py"
    plugin.script.write_text(text("p", "p.py", wrapped=True))
    try:
        plugin.spawn('{"sendTimeout":1000}', wrapper=(sys.executable, "-c", WRAPPER))
        assert plugin.control.recv(DEADLINE) == b"handshake"
        lines = [plugin.process.stdout.readline() for _ in range(2)]
        plugin.process.kill()
        plugin.end()  # all that hold its output have ended
    finally:
        plugin.close()

    assert "(supervisor)" in lines[0]
    assert lines[1] == "imported\n"
