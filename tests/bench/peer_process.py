"""`peer.Peer` in a process of its own."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .loops import Figures

__all__ = ["PeerProcess"]

_ROOT = Path(__file__).parents[2]
_OWN = (sys.executable, "-m", "tests.bench.peer")
_ANSWER_TIMEOUT = 60.0  # seconds, beyond any window


class PeerProcess:
    """The host's ends of channels; methods are called by name. Leaving the `with` block ends it.

    `command` runs something that understands what `peer.Peer` does.
    """

    def __init__(self, command: Sequence[str] = _OWN) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if name != "EKUIPER_JSON"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> "PeerProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def begin(self, name: str, **arguments: Any) -> None:
        """Let it do something; `end` is what came of that."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]).encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> Figures:
        """Wait for the end of what `begin` began."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _ANSWER_TIMEOUT)[0]:
            raise RuntimeError(f"the host's end has not answered in {_ANSWER_TIMEOUT:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the host's end has ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def do(self, name: str, **arguments: Any) -> Figures:
        """Both."""
        self.begin(name, **arguments)
        return self.end()
