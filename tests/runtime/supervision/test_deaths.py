"""A worker dies, whoever's fault it is: the rules go on, and the host hears nothing of it."""

from __future__ import annotations

import json
import os
import select
import signal

import pytest
from tests.runtime.test_process import DEADLINE, HOST_ARGUMENT, ask

from ekuiper.protocol.codec import decode_reply, encode_call, encode_command
from ekuiper.protocol.messages import Call, CallContext, Command, Meta
from ekuiper.transport import wait

from .conftest import children

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"/proc/self/task/{os.getpid()}/children"),
    reason="needs a kernel that lists child processes",
)

ALL_KINDS = """
    class S(Source):
        def open(self, ctx):
            ctx.emit({"pid": os.getpid()})
            threading.Event().wait()
    class K(Sink):
        def open(self, ctx): pass
        def collect(self, ctx, data):
            (HERE / "collected").write_bytes(data.encode() if isinstance(data, str) else data)
    def pid(args):
        if args == ["die"]: os._exit(7)
        return os.getpid()
    plugin.start(PluginConfig('p', {'s': S}, {'k': K}, {n: echo(pid) for n in ("a", "b", "c")}))
"""


def start_frame(kind="source", symbol="s", verb="start"):
    meta = Meta("", "", 0) if kind == "func" else Meta("r", "o", 0)
    return encode_command(Command(verb, kind, symbol, meta, None, {}))


def text(answer: bytes) -> str:
    return answer.decode()


def await_end(pid: int, timeout: float = DEADLINE) -> None:
    """Wait until a process that is not ours has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(timeout * 1000), f"process {pid} lives on"
    os.close(fd)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_all_goes_on_after_a_signal(supervised, number):
    """Three functions and a source are back; the supervisor is the same, the channel uncut."""
    plugin = supervised(ALL_KINDS).hosted()
    functions = [plugin.function(name) for name in "abc"]
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    old = decode_pid(rows)
    (worker,) = plugin.workers()
    assert old == worker
    os.kill(worker, number)
    for function in functions:
        assert function.recv(DEADLINE) == b"handshake"
        assert ask(function) != old

    assert decode_pid(rows) != old
    assert wait([plugin.control], 0) == []
    plugin.process.send_signal(signal.SIGTERM)
    status, output = plugin.end()
    assert status == 0
    assert f"worker 1 ended by {number.name}; starting 4 symbols again" in output


def decode_pid(rows) -> int:
    return json.loads(rows.recv(DEADLINE))["message"]["pid"]


def test_a_call_that_exits_is_asked_again_of_the_next_worker(supervised):
    """The host does that, at the handshake; other functions answer in between."""
    plugin = supervised(ALL_KINDS).hosted()
    one, other = plugin.function("a"), plugin.function("b")
    one.send(encode_call(Call("Exec", ["die"], CallContext("r", "o", 0, 0))))
    assert one.recv(DEADLINE) == b"handshake"
    assert other.recv(DEADLINE) == b"handshake"
    one.send(encode_call(Call("Exec", ["live"], CallContext("r", "o", 0, 0))))

    assert decode_reply(one.recv(DEADLINE)).state is True
    assert ask(other)


def test_an_import_error_is_the_answer(supervised):
    """Type, message, file and line; tried again at the next start."""
    plugin = supervised(
        """
        if not (HERE / "first").exists():
            (HERE / "first").write_text("")
        elif not (HERE / "mended").exists():
            raise ModuleNotFoundError("No module named 'torhc'")
        class S(Source):
            def open(self, ctx): ctx.emit({"n": 1})
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    answer = text(plugin.command(start_frame()))
    assert answer == "error: ModuleNotFoundError: No module named 'torhc' (p.py:15)", answer
    (plugin.folder / "mended").write_text("")
    plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))

    assert plugin.command(start_frame()) == b"ok"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("import", "error: the worker ended with exit code 5 while it imported p.py"),
        ("configure", "killed the worker (with exit code 5)"),
    ],
)
def test_an_exit_in_a_start_is_tried_once_more(supervised, where, expected):
    """Then the start is answered with how the worker ended."""
    plugin = supervised(
        f"""
        where = {where!r}
        again = (HERE / "first").exists()
        (HERE / "first").write_text("")
        if where == "import" and again: os._exit(5)
        class S(Source):
            def configure(self, datasource, conf):
                if where == "configure": os._exit(5)
            def open(self, ctx): pass
        plugin.start(PluginConfig('p', {{'s': S}}, {{}}, {{'echo': echo()}}))
        """
    ).hosted()
    plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))

    assert expected in text(plugin.command(start_frame()))


def test_an_exit_in_open_backs_off(supervised):
    """The start was answered: it is replayed, later each time, and other symbols live."""
    plugin = supervised(
        """
        class S(Source):
            def open(self, ctx):
                if not (HERE / "mended").exists(): os._exit(5)
                ctx.emit({"n": 1})
                threading.Event().wait()
        plugin.start(PluginConfig('p', {'s': S}, {}, {'echo': echo()}))
        """
    ).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    assert plugin.command(start_frame()) == b"ok"
    (plugin.folder / "mended").write_text("")

    assert rows.recv(DEADLINE)


def test_an_exit_in_close_is_a_stop(supervised):
    """What should stop has stopped."""
    plugin = supervised(
        """
        class S(Source):
            def open(self, ctx):
                ctx.emit({"n": 1})
                threading.Event().wait()
            def close(self, ctx): os._exit(5)
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    assert plugin.command(start_frame()) == b"ok"
    assert rows.recv(DEADLINE)

    assert plugin.command(start_frame(verb="stop")) == b"ok"


@pytest.mark.parametrize("config", [{}, {"requireAck": True}], ids=["without acks", "with acks"])
def test_a_sink_that_is_stopped_while_there_is_no_worker(supervised, config):
    """Its socket's file goes, though whoever listened there is dead and the next one imports."""
    plugin = supervised(
        """
        import time
        while (HERE / "slow").exists(): time.sleep(0.01)
        class K(Sink):
            def open(self, ctx): pass
            def collect(self, ctx, data): pass
        plugin.start(PluginConfig('p', {}, {'k': K}, {}))
        """
    ).hosted()
    place = Meta("r", "o", 0)
    plugin.keep(plugin.transport.pull(plugin.addresses.ack(place)))
    start, stop = (
        encode_command(Command(verb, "sink", "k", place, None, config))
        for verb in ("start", "stop")
    )
    assert plugin.command(start) == b"ok"
    path = plugin.folder / "r_o_0.ipc"
    assert path.is_socket()
    (plugin.folder / "slow").touch()
    (worker,) = plugin.workers()
    os.kill(worker, signal.SIGKILL)
    await_end(worker)
    assert plugin.command(stop) == b"ok"

    assert not path.exists()
    (plugin.folder / "slow").unlink()
    assert plugin.command(start) == b"ok"
    assert path.is_socket()


def test_a_dead_workers_children_hold_nothing(supervised):
    """They are killed with it: death is seen though they hold its sockets."""
    plugin = supervised(
        """
        def breed(args):
            pid = os.fork()
            if pid == 0:
                threading.Event().wait()
            return pid
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(breed)}))
        """
    ).hosted()
    function = plugin.function("echo")
    grandchild = ask(function)
    os.kill(plugin.workers()[0], signal.SIGKILL)
    assert function.recv(DEADLINE) == b"handshake"

    await_end(grandchild)


def test_with_the_supervisor_the_worker_dies(supervised):
    """At once, whatever it does: the kernel sees to it."""
    plugin = supervised(
        """
        def busy(args):
            while True: pass
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(busy)}))
        """
    ).hosted()
    function = plugin.function("echo")
    function.send(encode_call(Call("Exec", [], CallContext("r", "o", 0, 0))))
    (worker,) = plugin.workers()
    plugin.process.kill()

    await_end(worker)


def test_behind_two_wrappers_nothing_is_left(supervised):
    """The host kills only the outer one."""
    plugin = supervised(ALL_KINDS)
    shell = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
    plugin.spawn(HOST_ARGUMENT, wrapper=(*shell, *shell))
    assert plugin.control.recv(DEADLINE) == b"handshake"
    plugin.function("a")
    supervisor = plugin.control.peer.pid
    (worker,) = children(supervisor)
    plugin.process.kill()

    await_end(supervisor)
    await_end(worker)


def test_a_stopped_plugin_has_no_worker(supervised):
    """SIGTERM: in order, hooks and all."""
    plugin = supervised(
        """
        import atexit
        atexit.register(lambda: (HERE / "ended").write_text("yes"))
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))
        """
    ).hosted()
    plugin.function("echo")
    (worker,) = plugin.workers()
    plugin.process.send_signal(signal.SIGTERM)
    status, _ = plugin.end()

    assert status == 0
    await_end(worker)
    assert (plugin.folder / "ended").exists()


def test_sockets_that_the_code_closes(supervised):
    """One close too many, of a descriptor that is not its own any more: whoever served that
    function is no more, so the worker ends, and the next one serves it."""
    plugin = supervised(
        """
        def spoil(args):
            if args == ["spoil"]:
                import stat
                for fd in map(int, os.listdir("/proc/self/fd")):
                    try:
                        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.close(fd)
                    except OSError: pass
            return os.getpid()
        plugin.start(PluginConfig('p', {}, {}, {"a": echo(spoil)}))
        """
    ).hosted()
    function = plugin.function("a")
    old = ask(function)
    place = CallContext("r", "o", 0, 0)
    function.send(encode_call(Call("Exec", ["spoil"], place)))

    assert function.recv(DEADLINE) == b"handshake"
    assert ask(function) != old
