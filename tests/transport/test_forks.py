"""A fork closes every channel in the child, and the peers do not notice."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ekuiper.errors import ChannelClosedError, ChannelResetError
from ekuiper.transport import wait
from ekuiper.transport.ipc import IpcTransport

from .conftest import DEADLINE, Aside, Pair, descriptors, eventually

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"  # that is what is tested
)


def in_child(check: Callable[[], None]) -> None:
    """Fork, run `check` in the child, and expect it to pass."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            check()
            status = 0
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    assert (os.waitpid(pid, 0)[1], said) == (0, "")


def is_closed(channel: object) -> None:
    for name, args in (("recv", ()), ("send", (b"",)), ("fileno", ())):
        call = getattr(channel, name, None)
        if call is not None:
            try:
                call(*args)
            except ChannelClosedError:
                continue
            raise AssertionError(f"{name} of {channel} still works")
    channel.close()  # type: ignore[attr-defined]


def test_closed_in_the_child_open_in_the_parent(ours: Pair) -> None:
    """No end of a connection, no file, no request under way is touched."""
    with (
        ours.host.rep(ours.url) as host,
        ours.plugin.req(ours.url) as plugin,
        ours.host.pull(ours.at("b")) as inbox,
        ours.plugin.push(ours.at("b")) as outbox,
    ):
        plugin.send(b"a")
        assert wait([host], DEADLINE) == [host]
        host.recv(0)
        outbox.send(b"a")
        outbox.send(b"b")
        assert inbox.recv(DEADLINE) == b"a"
        outbox.fileno()
        channels = (host, plugin, inbox, outbox)

        def check() -> None:
            for channel in channels:
                is_closed(channel)

        for _ in range(2):
            in_child(check)
        host.send(b"b")
        assert plugin.recv(DEADLINE) == b"b"
        outbox.send(b"c")
        assert [inbox.recv(DEADLINE), inbox.recv(DEADLINE)] == [b"b", b"c"]
        with ours.plugin.push(ours.at("b")) as another:
            another.send(b"d")
            assert inbox.recv(DEADLINE) == b"d"


def test_every_descriptor_is_closed(ours: Pair) -> None:
    """The child has none of them left."""
    gc.collect()  # what other tests left would be closed in between
    before = descriptors()
    with (
        ours.host.rep(ours.url) as host,
        ours.plugin.req(ours.url) as plugin,
        ours.host.pull(ours.at("b")) as inbox,
        ours.plugin.push(ours.at("b")) as outbox,
    ):
        plugin.send(b"a")
        host.recv(DEADLINE)
        outbox.send(b"a")
        inbox.recv(DEADLINE)
        for channel in (host, plugin, inbox, outbox):
            channel.fileno()
        seen = descriptors()
        assert seen > before

        def check() -> None:
            assert descriptors() - 2 <= before, (descriptors(), before)  # the pipe to the parent

        in_child(check)
        assert descriptors() == seen


def test_a_fork_while_threads_are_inside(ours: Pair, aside: Aside) -> None:
    """They are not in the child, which does not wait for them."""
    with (
        ours.host.rep(ours.url) as host,
        ours.host.pull(ours.at("b")) as inbox,
        ours.plugin.req(ours.url) as plugin,
        ours.plugin.push(ours.at("b")) as outbox,
    ):
        waiting = [aside.blocked(host.recv), aside.blocked(inbox.recv)]
        channels = (host, inbox, outbox, plugin)

        def check() -> None:
            for channel in channels:
                is_closed(channel)

        in_child(check)
        outbox.send(b"a")
        plugin.send(b"b")
        assert [call.result(DEADLINE) for call in waiting] == [b"b", b"a"]


def test_a_fork_while_the_doorman_stands(folder: str) -> None:
    """His thread is not in the child either; closing there is no trouble."""
    url = f"ipc://{folder}/x"
    for attended in (False, True):
        with IpcTransport(attended=attended).pull(url) as inbox:
            in_child(lambda: is_closed(inbox))
            with IpcTransport().push(url) as outbox:
                outbox.send(b"a")
                assert inbox.recv(DEADLINE) == b"a"


def test_a_child_opens_channels_of_its_own(ours: Pair) -> None:
    """The transport works on; in memory the child has names of its own."""
    with ours.host.pull(ours.url) as inbox:

        def check() -> None:
            url = ours.url if ours.names == "memory" else ours.at("child")
            if ours.names == "memory":
                return
            with ours.host.pull(url) as mine, ours.plugin.push(url) as outbox:
                outbox.send(b"a")
                assert mine.recv(DEADLINE) == b"a"
            with ours.plugin.push(ours.url) as outbox:
                outbox.send(b"from the child")

        in_child(check)
        if ours.names != "memory":
            assert inbox.recv(DEADLINE) == b"from the child"


def test_peers_see_the_parent_close(folder: str) -> None:
    """Though a child that was forked meanwhile is still alive."""
    transport = IpcTransport()
    url = f"ipc://{folder}/x"
    read, write = os.pipe()
    with transport.rep(url) as host:
        plugin = transport.req(url)
        plugin.send(b"a")
        host.recv(DEADLINE)
        pid = os.fork()
        if pid == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
    with plugin, pytest.raises(ChannelResetError):
        plugin.recv(DEADLINE)
    os.close(write)
    os.close(read)
    assert os.waitpid(pid, 0)[1] == 0


def test_threads_that_fork_all_the_time(folder: str, aside: Aside) -> None:
    """Connections that come and go while others fork."""
    transport = IpcTransport(attended=True)
    url = f"ipc://{folder}/x"
    done = threading.Event()

    def fork() -> int:
        count = 0
        while not done.is_set():
            in_child(lambda: None)
            count += 1
        return count

    with transport.pull(url) as inbox:
        forking = aside(fork)
        for number in range(200):
            with transport.push(url) as outbox:
                outbox.send(b"%d" % number, DEADLINE)
                assert inbox.recv(DEADLINE) == b"%d" % number
        done.set()
        assert forking.result(DEADLINE) > 0


def test_nng_is_let_go_of(folder: str) -> None:
    """A child forked after nng was used ends like any other, and the parent goes on."""
    pytest.importorskip("pynng", reason="pynng is not installed")
    program = textwrap.dedent(
        f"""
        import os, sys
        from ekuiper.errors import ChannelClosedError
        from ekuiper.transport.nng import NngTransport
        url = "ipc://{folder}/x"
        transport = NngTransport()
        with transport.pull(url) as inbox, transport.push(url) as outbox:
            outbox.send(b"a")
            assert inbox.recv(10) == b"a"
            pid = os.fork()
            if pid == 0:
                try:
                    outbox.send(b"b")
                except ChannelClosedError:
                    sys.exit(0)
                sys.exit(1)
            assert os.waitpid(pid, 0)[1] == 0
            outbox.send(b"b")
            assert inbox.recv(10) == b"b"
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not Path(folder, "x").exists()


def test_nothing_is_inherited_over_exec(folder: str) -> None:
    """Programs that are started get no descriptor of ours."""
    url = f"ipc://{folder}/x"
    transport = IpcTransport()
    with transport.pull(url) as inbox, transport.push(url) as outbox:
        outbox.send(b"a")
        assert inbox.recv(DEADLINE) == b"a"
        inbox.fileno()
        program = "import os; print(os.listdir('/proc/self/fd'))"
        listed = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program],
            capture_output=True,
            text=True,
            check=True,
            close_fds=False,
        )
        sockets = [
            number
            for number in listed.stdout.strip("[]\n").replace("'", "").split(", ")
            if os.path.exists(f"/proc/self/fd/{number}")
            and os.readlink(f"/proc/self/fd/{number}").startswith(("socket:", "anon_inode:"))
            and not os.get_inheritable(int(number))
        ]
        assert sockets == []
    eventually(lambda: True)
