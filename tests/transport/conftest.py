"""Pairs of transports under test, and threads that block on purpose."""

from __future__ import annotations

import os
import select
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest

from ekuiper.transport import Transport
from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.memory import MemoryTransport
from ekuiper.transport.nng import NngTransport

DEADLINE = 10.0  # for what must happen
SOON = 0.03  # for what must not

REQ, REP, PUSH, PULL = 0x30, 0x31, 0x50, 0x51


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder whose name is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ek") as directory:
        yield directory


class Pair(NamedTuple):
    """A plugin's transport, a host's, and where they meet."""

    plugin: Transport
    host: Transport
    url: str
    names: str

    def at(self, name: str) -> str:
        """Another address."""
        return f"{self.url}.{name}"


PAIRS = ["memory-memory", "ipc-ipc", "nng-nng", "ipc-nng", "nng-ipc"]


def make(name: str, attended: bool = False) -> Transport:
    if name == "nng":
        pytest.importorskip("pynng", reason="pynng is not installed")
        return NngTransport()
    return IpcTransport(attended=attended) if name == "ipc" else MemoryTransport()


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, folder: str) -> Pair:
    """Each transport with itself, and ipc with nng on either side."""
    plugin, host = request.param.split("-")
    one = make(plugin)  # a peer of nng waits to be let in
    return Pair(
        one,
        one if plugin == host else make(host, attended=True),
        f"ipc://{folder}/x",
        request.param,
    )


@pytest.fixture(params=["memory", "ipc"])
def ours(request: pytest.FixtureRequest, folder: str) -> Pair:
    """The transports that hold every part of the contract."""
    one = make(request.param)
    return Pair(one, one, f"ipc://{folder}/x", request.param)


@pytest.fixture
def ipc() -> IpcTransport:
    return IpcTransport()


class Aside:
    """Calls on threads of their own."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def __call__(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Begin a call, not caring whether it blocks."""
        return self.start(function, *args)[0]

    def start(
        self, function: Callable[..., Any], *args: Any
    ) -> tuple[Future[Any], threading.Thread]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(function(*args))
            except BaseException as error:
                future.set_exception(error)

        thread = threading.Thread(target=run, name="aside", daemon=True)
        self._threads.append(thread)
        thread.start()
        return future, thread

    def blocked(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Begin a call and return once it sleeps."""
        future, thread = self.start(function, *args)
        asleep(thread)
        return future

    def join(self) -> None:
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()


@pytest.fixture
def aside() -> Iterator[Aside]:
    """Call something on another thread."""
    calls = Aside()
    yield calls
    calls.join()


def asleep(thread: threading.Thread) -> None:
    """Return when the thread has slept in one system call for a while, or has ended."""
    file = f"/proc/self/task/{thread.native_id}/syscall"
    seen, times, pause = "", 0, threading.Event()
    end = time.monotonic() + DEADLINE
    while times < 4 and thread.is_alive():
        assert time.monotonic() < end, "the call does not block"
        try:
            with open(file) as syscall:
                now = syscall.read()
        except OSError:
            return
        times = times + 1 if now == seen and now != "running\n" else 0
        seen = now
        pause.wait(0.002)


def eventually(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    end = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it never came true"
        pause.wait(0.002)


def readable(number: int, timeout: float = 0.0) -> bool:
    """Whether a descriptor is or becomes readable."""
    return bool(select.select([number], [], [], timeout)[0])


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Raw:
    """A peer that says exactly what it is told to."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(DEADLINE)

    @classmethod
    def dial(cls, url: str) -> Raw:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(url.removeprefix("ipc://"))
        return cls(sock)

    def greet(self, protocol: int) -> Raw:
        self.sock.sendall(b"\0SP\0" + struct.pack(">HH", protocol, 0))
        return self

    def message(self, body: bytes) -> Raw:
        self.sock.sendall(struct.pack(">BQ", 1, len(body)) + body)
        return self

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                break
            data += more
        return data

    def read_message(self) -> bytes:
        head = self.read(9)
        return self.read(int.from_bytes(head[1:], "big"))

    def cut(self) -> bool:
        """Whether the other end closed the connection."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class RawListener:
    """A listener that lets its peers in one by one, as raw ones."""

    def __init__(self, url: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(url.removeprefix("ipc://"))
        self.sock.listen(8)
        self.sock.settimeout(DEADLINE)

    def accept(self, protocol: int | None = None) -> Raw:
        """The next peer; greeted, unless without a protocol."""
        raw = Raw(self.sock.accept()[0])
        if protocol is not None:
            raw.greet(protocol)
            raw.read(8)
        return raw

    def __enter__(self) -> RawListener:
        return self

    def __exit__(self, *exc: object) -> None:
        self.sock.close()
