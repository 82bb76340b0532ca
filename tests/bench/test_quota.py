"""A CPU quota."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .quota import quota
from .unavailable import UnavailableError

COUNT = """
import time
end = time.monotonic() + 1
while time.monotonic() < end: pass
print(time.process_time())
"""


def test_what_is_started_within_gets_no_more() -> None:
    """A process that would take a whole core is given the part that the quota leaves."""
    try:
        with quota(0.25):
            done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True)
    except UnavailableError as error:
        pytest.skip(str(error))
    assert float(done.stdout) < 0.6
