"""The plugin as a process: how it begins, is signalled, and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.codec import decode_reply, encode_call, encode_command
from ekuiper.protocol.messages import Call, CallContext, Command, Meta
from ekuiper.transport import wait
from ekuiper.transport.ipc import IpcTransport

DEADLINE = 20.0
HOST_ARGUMENT = '{"sendTimeout":1000}'

HEAD = """
    import os, sys, threading
    from ekuiper import Function, PluginConfig, Sink, Source, plugin
    from pathlib import Path
    HERE = Path(__file__).parent
    def echo(body=lambda args: args):
        class Echo(Function):
            def exec(self, args, ctx):
                return body(args)
        return Echo
"""


class Plugin:
    """A plugin's script, started as a host does, and this process as its host."""

    def __init__(self, folder: Path, body: str, *, listen: bool = True) -> None:
        self.folder = folder
        self.script = folder / "p.py"
        self.script.write_text(textwrap.dedent(HEAD) + textwrap.dedent(body))
        self.addresses = Addresses(str(folder))
        self.transport = IpcTransport()
        self.open = []
        self.process: subprocess.Popen[str] | None = None
        if listen:
            self.control = self.keep(self.transport.rep(self.addresses.control("p")))

    def keep(self, channel):
        self.open.append(channel)
        return channel

    def spawn(self, *arguments: str, wrapper: tuple[str, ...] = (), **env: str) -> Plugin:
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, "-u", str(self.script), *arguments],
            cwd=self.folder,
            env={**os.environ, "EKUIPER_SOCKET_DIR": str(self.folder), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def hosted(self, **env: str) -> Plugin:
        self.spawn(HOST_ARGUMENT, **env)
        assert self.control.recv(DEADLINE) == b"handshake"
        return self

    def start(self, kind, symbol):
        meta = Meta("", "", 0) if kind == "func" else Meta("r", "o", 0)
        self.control.send(encode_command(Command("start", kind, symbol, meta, None, {})))
        assert self.control.recv(DEADLINE) == b"ok"

    def function(self, name):
        exchange = self.keep(self.transport.rep(self.addresses.function(name)))
        self.start("func", name)
        assert exchange.recv(DEADLINE) == b"handshake"
        return exchange

    def end(self) -> tuple[int, str]:
        """Wait for the process; its status and all it printed."""
        output, _ = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, output

    def close(self) -> None:
        for channel in self.open:
            channel.close()
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            self.process.communicate(timeout=DEADLINE)


def ask(exchange, *args):
    exchange.send(encode_call(Call("Exec", list(args), CallContext("r", "o", 0, 0))))
    return decode_reply(exchange.recv(DEADLINE)).result


@pytest.fixture
def script(tmp_path):
    """Makes a `Plugin` from the body of its script; ends it."""
    made = []

    def make(body: str, **options) -> Plugin:
        made.append(Plugin(tmp_path, body, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


SERVE = "plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))"


def test_by_hand_it_says_what_it_is(script):
    """Nobody listens and no host argument: explain, exit 2."""
    status, output = script(SERVE, listen=False).spawn().end()

    assert status == 2
    assert "This is the eKuiper plugin 'p'" in output
    assert "functions  echo" in output
    assert "ekuiper run" in output


def test_a_name_nobody_listens_for_is_explained(script):
    """The usual cause is a PluginConfig name that is not the installed one."""
    body = "import ekuiper.runtime.process as p; p.HOSTED_DIAL_TIMEOUT = 0.05\n    " + SERVE
    status, output = script(textwrap.dedent("    " + body), listen=False).spawn(HOST_ARGUMENT).end()

    assert status == 1
    assert "plugin_p.ipc" in output
    assert "must be the name the plugin is installed under" in output


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("EKUIPER_TRANSPORT", "smoke", "known: ipc, nng"),
        ("EKUIPER_JSON", "xml", "must be stdlib or orjson"),
        ("EKUIPER_POLL", "often", "must be auto, always or never"),
    ],
)
def test_an_unknown_choice_is_told(script, variable, value, words):
    """With the known ones; exit 1."""
    status, output = script(SERVE).spawn(HOST_ARGUMENT, **{variable: value}).end()

    assert status == 1
    assert words in output


def test_start_wants_a_plugin_config(script):
    """A dict is told what to be."""
    status, output = script("plugin.start({'name': 'p'})").spawn(HOST_ARGUMENT).end()

    assert status == 1
    assert "takes a PluginConfig, not dict" in output


CLOSES = """
    class S(Source):
        def open(self, ctx):
            ctx.emit({"n": 1})
            self.end = threading.Event()
            self.end.wait()
        def close(self, ctx):
            (HERE / "closed").write_text("yes")
            self.end.set()
    plugin.start(PluginConfig('p', {'s': S}, {}, {'echo': echo()}))
"""


def test_sigterm_ends_in_order(script):
    """close() runs, exit status 0."""
    plugin = script(CLOSES).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    rows.recv(DEADLINE)
    plugin.process.send_signal(signal.SIGTERM)
    status, output = plugin.end()

    assert status == 0, output
    assert (plugin.folder / "closed").exists()


def test_a_second_sigterm_changes_nothing(script):
    """Whoever is in a hurry does not cut the close hooks off."""
    plugin = script(
        """
        class S(Source):
            def open(self, ctx):
                self.end = threading.Event()
                ctx.emit({"n": 1})
                self.end.wait()
            def close(self, ctx):
                (HERE / "closing").write_text("yes")
                os.kill(os.getpid(), 15)
                self.end.wait(0.2)
                (HERE / "closed").write_text("yes")
                self.end.set()
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    rows.recv(DEADLINE)
    plugin.process.send_signal(signal.SIGTERM)
    status, output = plugin.end()

    assert status == 0, output
    assert (plugin.folder / "closed").exists()


def test_an_emitting_thread_ends_without_a_traceback(script):
    """That it is refused after the stop is how it should be."""
    plugin = script(
        """
        class S(Source):
            def open(self, ctx):
                def work():
                    while True:
                        ctx.emit({"n": 1})
                thread = threading.Thread(target=work)
                thread.start()
                thread.join()
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    rows.recv(DEADLINE)
    plugin.process.send_signal(signal.SIGTERM)
    status, output = plugin.end()

    assert status == 0
    assert "Traceback" not in output


def test_ctrl_c_is_left_to_the_host(script):
    """Both get it from the terminal; the host decides."""
    plugin = script(SERVE).hosted()
    exchange = plugin.function("echo")
    plugin.process.send_signal(signal.SIGINT)

    assert ask(exchange, 1) == [1]


def test_threads_that_never_end_do_not_keep_the_process(script):
    """The end is bounded, whatever author code left running."""
    plugin = script(
        """
        import ekuiper.runtime.process as p
        p.CLOSE_TIMEOUT = p.EXIT_TIMEOUT = 0.2
        threading.Thread(target=threading.Event().wait).start()
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))
        """
    ).hosted()
    plugin.process.send_signal(signal.SIGTERM)
    status, output = plugin.end()

    assert status == 0, output


HOST_SCRIPT = """
import subprocess, sys
from ekuiper.protocol.addresses import Addresses
from ekuiper.transport.ipc import IpcTransport
folder, *command = sys.argv[1:]
control = IpcTransport().rep(Addresses(folder).control("p"))
child = subprocess.Popen(
    command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
)
control.recv(20)
print(child.pid, flush=True)
sys.stdin.read()
"""


def end_of(pid: int) -> None:
    """Wait until a process that is not our child has ended."""
    fd = os.pidfd_open(pid)
    try:
        import select

        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(DEADLINE * 1000), f"process {pid} still runs"
    finally:
        os.close(fd)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open (Linux)")
def test_it_ends_when_the_host_is_killed(script, tmp_path):
    """kill -9 of the host closes nothing in order; the plugin notices and goes, with status 1."""
    plugin = script(
        """
        import atexit
        atexit.register(lambda: (HERE / "ended").write_text("yes"))
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))
        """,
        listen=False,
    )
    with subprocess.Popen(
        [sys.executable, "-c", HOST_SCRIPT, str(tmp_path), sys.executable, str(plugin.script), "x"],
        env={**os.environ, "EKUIPER_SOCKET_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        pid = int(host.stdout.readline())
        host.kill()
        end_of(pid)

    assert (tmp_path / "ended").exists()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open (Linux)")
def test_it_ends_when_a_wrapper_is_killed(script):
    """`conda run` puts processes in between, and the host kills only the outer one."""
    plugin = script(SERVE)
    plugin.spawn(HOST_ARGUMENT, wrapper=("/bin/sh", "-c", '"$@"; exit $?', "sh"))
    assert plugin.control.recv(DEADLINE) == b"handshake"
    exchange = plugin.keep(plugin.transport.rep(plugin.addresses.function("echo")))
    plugin.start("func", "echo")
    assert exchange.recv(DEADLINE) == b"handshake"
    pid = plugin.control.peer.pid
    assert pid != plugin.process.pid
    plugin.process.kill()
    end_of(pid)


def test_a_cut_control_channel_is_dialled_again(script):
    """As long as the host lives the plugin does."""
    plugin = script(SERVE).hosted()
    exchange = plugin.function("echo")
    plugin.control.close()
    plugin.control = plugin.keep(plugin.transport.rep(plugin.addresses.control("p")))

    assert plugin.control.recv(DEADLINE) == b"handshake"
    assert ask(exchange, 1) == [1]
    plugin.start("func", "echo")


def test_multiprocessing_children_do_not_serve(script):
    """Even without the `__main__` guard: a spawned child runs the script, and start returns."""
    plugin = script(
        """
        import multiprocessing
        def double(x):
            return 2 * x
        def pooled(args):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return pool.map(double, args)
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(pooled)}))
        """
    ).hosted()

    assert ask(plugin.function("echo"), 1, 2, 3) == [2, 4, 6]


def test_a_forked_child_does_no_harm(script):
    """It shares no channel: its end, orderly or not, is nothing to the host."""
    plugin = script(
        """
        def forks(args):
            pid = os.fork()
            if pid == 0:
                os._exit(0) if args[0] else sys.exit(0)
            return os.waitpid(pid, 0)[1] == 0
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(forks)}))
        """
    ).hosted()
    exchange = plugin.function("echo")

    assert ask(exchange, True) is True
    assert wait([plugin.control], 0) == []
    assert ask(exchange, True) is True


def test_author_code_may_misuse_its_streams(script):
    """Closing stdin and printing megabytes are survived; each printed line stays whole."""
    plugin = script(
        """
        def noisy(args):
            sys.stdin.close()
            def talk(n):
                for _ in range(500):
                    print("a", n, "b", n, "c", n)
            threads = [threading.Thread(target=talk, args=(n,)) for n in range(4)]
            for t in threads: t.start()
            for t in threads: t.join()
            print("x" * 2_000_000)
            return "done"
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(noisy)}))
        """
    )
    plugin.hosted()
    exchange = plugin.function("echo")
    exchange.send(encode_call(Call("Exec", [], CallContext("r", "o", 0, 0))))
    lines = []
    while not (line := plugin.process.stdout.readline()).startswith("xxx"):
        lines.append(line)

    assert len(line) == 2_000_001
    assert decode_reply(exchange.recv(DEADLINE)).result == "done"
    talk = [line for line in lines if line.startswith("a ")]
    assert len(talk) == 2000
    assert set(talk) == {f"a {n} b {n} c {n}\n" for n in range(4)}


def test_sys_exit_in_a_call_is_an_error_of_that_call(script):
    """The process stays."""
    plugin = script(
        "plugin.start(PluginConfig('p', {}, {}, {'echo': echo(lambda a: sys.exit(3) if a else 1)}))"
    ).hosted()
    exchange = plugin.function("echo")

    assert ask(exchange, 1).startswith("SystemExit: 3")
    assert ask(exchange) == 1


def test_a_multiprocessing_child_is_recognised(monkeypatch):
    """multiprocessing runs the script under another name, and start returns."""
    import types

    from ekuiper import PluginConfig, plugin

    monkeypatch.setitem(sys.modules, "__mp_main__", types.ModuleType("__mp_main__"))

    assert plugin.start(PluginConfig("p")) is None


def test_started_on_another_thread_the_status_counts(script):
    """sys.exit would end that thread alone, and the process with 0."""
    status, output = (
        script(
            """
            config = PluginConfig('p', {}, {}, {'echo': echo()})
            threading.Thread(target=plugin.start, args=(config,)).start()
            """,
            listen=False,
        )
        .spawn()
        .end()
    )

    assert status == 2, output


def test_on_another_thread_it_serves(script):
    """Only without signal handlers, which Python allows the main thread alone. That one has to
    stay: Python 3.12 starts no thread once it has ended."""
    plugin = script(
        """
        config = PluginConfig('p', {}, {}, {'echo': echo()})
        serving = threading.Thread(target=plugin.start, args=(config,))
        serving.start()
        serving.join()
        """
    ).hosted()

    assert ask(plugin.function("echo"), 1) == [1]


def test_over_nng(script):
    """The same plugin with EKUIPER_TRANSPORT=nng."""
    pytest.importorskip("pynng", reason="pynng is not installed")
    plugin = script(SERVE).hosted(EKUIPER_TRANSPORT="nng")

    assert ask(plugin.function("echo"), 1) == [1]


def test_without_pynng_nng_is_explained(script):
    """What to install."""
    plugin = script(SERVE)
    (plugin.folder / "pynng.py").write_text("raise ImportError('no pynng here')")
    status, output = plugin.spawn(HOST_ARGUMENT, EKUIPER_TRANSPORT="nng").end()

    assert status == 1
    assert "no pynng here" in output
    assert "pip install 'ekuiper[nng]'" in output


def test_odd_surroundings(script):
    """A stdout that is no file, and no folder for locks: it serves all the same."""
    plugin = script(
        """
        import io
        sys.stdout = io.BytesIO()
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))
        """
    )
    (plugin.folder / f"ekuiper-{os.geteuid()}").write_text("in the way")
    plugin.hosted()

    assert ask(plugin.function("echo"), 1) == [1]
