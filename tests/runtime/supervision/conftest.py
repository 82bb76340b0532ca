"""A plugin's script under this process as its host: what a supervisor and its worker do."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.runtime.test_process import DEADLINE, Plugin

ANOTHER = os.path.join(os.path.dirname(sys.executable), ".", os.path.basename(sys.executable))
"""This interpreter by another name: a launcher that is told it forks no worker, but starts each as
a process of that."""


class Supervised(Plugin):
    """A plugin with a supervisor."""

    def workers(self) -> list[int]:
        """The processes below the supervisor."""
        return children(self.process.pid)

    def only_worker(self) -> int:
        """The worker, once it is the only one: others that were ended are there until the
        supervisor has seen it."""
        deadline = time.monotonic() + DEADLINE
        while len(found := self.workers()) != 1:
            assert time.monotonic() < deadline, found
            threading.Event().wait(0.01)
        return found[0]

    def command(self, frame: bytes) -> bytes:
        self.control.send(frame)
        return self.control.recv(DEADLINE)


def children(pid: int) -> list[int]:
    """The child processes of one."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def supervised(tmp_path):
    """Makes a `Supervised` from the body of its script; ends it."""
    made = []

    def make(body: str, **options) -> Supervised:
        made.append(Supervised(tmp_path, body, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()
