"""Peers of other users are refused, on both sides."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekuiper.errors import ChannelTimeoutError, ConnectError
from ekuiper.transport import Peer, Transport
from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.unix import check_user

from .conftest import DEADLINE, PUSH, SOON, eventually, make

STRANGER = 12345

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture(params=["ipc", "nng"])
def transport(request: pytest.FixtureRequest) -> Transport:
    return make(request.param, attended=True)


class Stranger:
    """A process of another user that runs some code with a socket `s`, until it is told to end."""

    def __init__(self, code: str, path: Path) -> None:
        program = (
            f"import os, socket, sys\nos.setgroups([])\nos.setgid({STRANGER})\n"
            f"os.setuid({STRANGER})\ns = socket.socket(socket.AF_UNIX)\n{code}\n"
            "print('ready', flush=True)\nsys.stdin.read()\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0


@needs_root
def test_a_stranger_is_not_let_in(
    transport: Transport, folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Even if the file's mode was widened; both users are named, and others are served."""
    os.chmod(folder, 0o755)
    path = Path(folder, "x")
    with transport.pull(f"ipc://{path}") as inbox:
        path.chmod(0o666)
        greeting = f"b'\\0SP\\0\\0{chr(PUSH)}\\0\\0'"
        said = f"s.connect(sys.argv[1])\ntry: s.send({greeting})\nexcept BrokenPipeError: pass"
        with Stranger(said, path):
            with pytest.raises(ChannelTimeoutError):
                inbox.recv(SOON)
            eventually(lambda: "connection refused" in caplog.text)
            assert f"runs as uid {STRANGER}, this process as uid {os.geteuid()}" in caplog.text
            with transport.push(f"ipc://{path}") as outbox:
                outbox.send(b"a", DEADLINE)
                assert inbox.recv(DEADLINE) == b"a"


@needs_root
def test_a_strangers_listener_is_not_dialled(transport: Transport, folder: str) -> None:
    """Whoever squats on a path gets nothing."""
    os.chmod(folder, 0o777)
    path = Path(folder, "x")
    with Stranger("s.bind(sys.argv[1]); s.listen()", path):
        for dial in (transport.req, transport.push):
            with pytest.raises(ConnectError, match=f"uid {STRANGER}, this process as uid 0"):
                dial(f"ipc://{path}")


@needs_root
def test_a_stranger_is_cut_off(folder: str) -> None:
    """The connection is closed, not just ignored."""
    os.chmod(folder, 0o755)
    path = Path(folder, "x")
    with IpcTransport(attended=True).pull(f"ipc://{path}"):
        path.chmod(0o666)
        with Stranger("s.connect(sys.argv[1]); assert s.recv(1) == b''", path):
            pass


@needs_root
def test_root_may_be_the_peer_of_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that runs as root and a plugin that does not; but no third user."""
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    check_user(Peer(1, 0))
    check_user(Peer(1, STRANGER))
    with pytest.raises(PermissionError, match=f"uid 1, this process as uid {STRANGER}"):
        check_user(Peer(1, 1))
