"""Addresses and the files behind them, for ipc and nng."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from ekuiper.errors import AddressError, ChannelTimeoutError, ConnectError, ListenError
from ekuiper.transport import Transport, unix
from ekuiper.transport.ipc import IpcTransport
from ekuiper.transport.memory import MemoryTransport

from .conftest import DEADLINE, Aside, Raw, make

LONGEST = 107


@pytest.fixture(params=["ipc", "nng"])
def transport(request: pytest.FixtureRequest) -> Transport:
    return make(request.param, attended=True)


@pytest.fixture
def path(folder: str) -> Path:
    return Path(folder, "x")


def url_of(path: Path) -> str:
    return f"ipc://{path}"


def exchange_one(transport: Transport, url: str) -> None:
    """One message gets through."""
    with transport.pull(url) as inbox, transport.push(url) as outbox:
        outbox.send(b"a", DEADLINE)
        assert inbox.recv(DEADLINE) == b"a"


def stale(path: Path) -> None:
    """A socket file whose listener has died."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


BAD = [
    ("tcp://127.0.0.1:1", "an address starts with ipc://"),
    ("/tmp/x", "an address starts with ipc://"),
    ("ipc://", "the path is empty"),
    ("ipc:///tmp/a\0b", "NUL"),
    ("ipc:///tmp/\ud800", "not valid Unicode"),
    ("ipc:///tmp/" + "x" * (LONGEST - 4), "108 bytes long, but a socket allows 107; shorten"),
    ("ipc:///tmp/" + "ü" * 60, "125 bytes long"),
]


@pytest.mark.parametrize(("url", "reason"), BAD)
def test_addresses_that_cannot_be(transport: Transport, url: str, reason: str) -> None:
    """They are refused by name, before anything is opened."""
    for opened in (transport.req, transport.push, transport.pull, transport.rep):
        with pytest.raises(AddressError, match=reason) as failure:
            opened(url)
        assert failure.value.url == url


@pytest.mark.parametrize(
    "name",
    ["a b", "%20", "a?b#c:d", "$$subtopo_demo_0.ipc", "温度", "'\"", "..", "a\nb", "\\"],
)
def test_names_are_used_raw(transport: Transport, folder: str, name: str) -> None:
    """No character means anything to the transport."""
    os.mkdir(os.path.join(folder, "in"))
    name = f"_{name}"
    exchange_one(transport, f"ipc://{folder}/in/{name}")
    assert os.listdir(os.path.join(folder, "in")) in ([], [name])


def test_the_longest_path(transport: Transport, folder: str) -> None:
    """Exactly as long as a socket allows."""
    exchange_one(transport, f"ipc://{folder}/".ljust(LONGEST + 6, "x"))


def test_no_such_folder(transport: Transport, folder: str) -> None:
    """Nobody can listen there, and nobody does."""
    Path(folder, "file").touch()
    for where in ("nowhere", "file"):
        with pytest.raises(AddressError, match="no such folder"):
            transport.pull(f"ipc://{folder}/{where}/x")
        with pytest.raises(ConnectError):
            transport.push(f"ipc://{folder}/{where}/x")


def test_a_folder_that_may_not_be_written(transport: Transport) -> None:
    """The system's reason is given."""
    with pytest.raises(ListenError, match=r"cannot listen at ipc:///sys/x: .+"):
        transport.pull("ipc:///sys/x")


def test_the_file_is_for_its_owner_alone(transport: Transport, path: Path) -> None:
    """Whatever the umask is, which is left as it was."""
    for umask in (0o000, 0o022, 0o777):
        before = os.umask(umask)
        try:
            with transport.pull(url_of(path)):
                status = path.lstat()
        finally:
            assert os.umask(before) == umask
        assert stat.S_ISSOCK(status.st_mode)
        assert stat.S_IMODE(status.st_mode) == 0o600


def test_the_file_is_never_open_to_others(path: Path) -> None:
    """Not even for the moment before it listens (nng's is, for a moment)."""
    seen: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                seen.add(stat.S_IMODE(path.lstat().st_mode))
            except FileNotFoundError:
                pass

    looking = threading.Thread(target=look)
    looking.start()
    before = os.umask(0)
    try:
        for _ in range(200):
            IpcTransport().pull(url_of(path)).close()
    finally:
        os.umask(before)
        done.set()
        looking.join(DEADLINE)
    assert seen <= {0o600}


def test_a_file_goes_with_its_listener(transport: Transport, path: Path) -> None:
    """`close` removes it."""
    with transport.rep(url_of(path)):
        assert path.exists()
    assert not path.exists()


def test_a_file_that_is_not_ours_stays(path: Path) -> None:
    """Someone has put another listener in its place."""
    with IpcTransport().rep(url_of(path)):
        path.unlink()
        stale(path)
    assert path.exists()
    with IpcTransport().rep(url_of(path)):
        path.unlink()
    assert not path.exists()


def test_a_stale_socket_is_replaced(transport: Transport, path: Path) -> None:
    """Its listener was killed: at once, without waiting."""
    stale(path)
    before = time.monotonic()
    exchange_one(transport, url_of(path))
    assert time.monotonic() - before < 2.0  # that long it would wait for somebody who listens


def test_a_stale_socket_is_not_connected_to(transport: Transport, path: Path) -> None:
    """It counts as nobody, but may become somebody."""
    stale(path)
    with pytest.raises(ConnectError, match="refused"):
        transport.req(url_of(path))


def test_a_live_listener_is_waited_for(transport: Transport, path: Path, aside: Aside) -> None:
    """A worker that is being replaced has two seconds to let go."""
    first = transport.pull(url_of(path))
    second = aside.blocked(transport.pull, url_of(path))
    first.close()
    with second.result(DEADLINE) as inbox, transport.push(url_of(path)) as outbox:
        outbox.send(b"a", DEADLINE)
        assert inbox.recv(DEADLINE) == b"a"


def test_a_live_listener_wins(
    transport: Transport, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two seconds, here fewer; and it was not disturbed."""
    monkeypatch.setattr(unix, "_IN_USE_PATIENCE", 0.1)
    with transport.pull(url_of(path)) as inbox, transport.push(url_of(path)) as outbox:
        with pytest.raises(ListenError, match="in use") as failure:
            transport.pull(url_of(path))
        assert failure.value.url == url_of(path)
        outbox.send(b"a", DEADLINE)
        assert inbox.recv(DEADLINE) == b"a"
        with transport.push(url_of(path)) as another:
            another.send(b"b", DEADLINE)
            assert inbox.recv(DEADLINE) == b"b"


def test_a_listener_with_a_full_backlog_is_live(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses nobody, it is only slow."""
    monkeypatch.setattr(unix, "_IN_USE_PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(0)
        with Raw.dial(url_of(path)), pytest.raises(ListenError, match="in use"):
            IpcTransport().pull(url_of(path))
    assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link", "fifo"])
def test_other_files_are_left_alone(transport: Transport, path: Path, kind: str) -> None:
    """Nobody's data is worth a listener."""
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/nowhere")
    else:
        os.mkfifo(path)
    with pytest.raises(ListenError, match="not a socket is in the way"):
        transport.pull(url_of(path))
    assert os.path.lexists(path)
    assert kind != "file" or path.read_text() == "precious"


def test_memory_has_names_of_its_own() -> None:
    """Any text; one listener each; other objects know nothing of them."""
    one, two = MemoryTransport(), MemoryTransport()
    with one.pull("anything at all") as inbox, one.push("anything at all") as outbox:
        outbox.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
        with pytest.raises(ListenError, match="in use"):
            one.rep("anything at all")
        with pytest.raises(ConnectError, match="nobody listens there"):
            two.push("anything at all")
        with two.rep("anything at all"):
            pass


def test_memory_lets_only_so_many_wait() -> None:
    """Like a socket's backlog."""
    transport = MemoryTransport()
    opened = [transport.pull("x")]
    try:
        with pytest.raises(ConnectError, match="too many"):
            opened.extend(transport.push("x") for _ in range(200))  # type: ignore[misc]
        with pytest.raises(ChannelTimeoutError):
            opened[0].recv(0)
        transport.push("x").close()
    finally:
        for channel in opened:
            channel.close()
