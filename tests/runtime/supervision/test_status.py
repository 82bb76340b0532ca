"""A supervisor tells whoever of its user asks how its plugin is."""

from __future__ import annotations

import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path

import pytest
from tests.runtime.test_process import DEADLINE, ask

from ekuiper.protocol.codec import encode_call
from ekuiper.protocol.messages import Call, CallContext, Meta
from ekuiper.runtime.supervision import asking
from ekuiper.runtime.supervision.asking import statuses
from ekuiper.runtime.supervision.desk import MOST
from ekuiper.runtime.supervision.memory import family, memory
from ekuiper.runtime.supervision.orders import Order
from ekuiper.runtime.supervision.status import symbols
from ekuiper.runtime.tally import KEPT, Tally

from .test_deaths import ALL_KINDS, await_end, start_frame

CALLS = """
    def work(args):
        if args == ["die"]: os._exit(7)
        if args == ["fail"]: raise ValueError("as told")
        return args[0]
    class S(Source):
        def open(self, ctx):
            for n in range(3): ctx.emit({"n": n})
            ctx.emit_error("enough")
            threading.Event().wait()
    plugin.start(PluginConfig('p', {'s': S}, {}, {n: echo(work) for n in ("a", "b")}))
"""


def status_of(plugin):
    """What the only supervisor answers, once it can: its handshake comes first."""
    socket_of(plugin)
    (found,) = statuses(str(plugin.folder), DEADLINE)
    return found


def await_status(plugin, wanted):
    """The first status that is as `wanted` says."""
    deadline = time.monotonic() + DEADLINE
    while not wanted(found := status_of(plugin)):
        assert time.monotonic() < deadline, found
    return found


def symbol(status, name):
    return next((each for each in status["symbols"] if each["name"] == name), None)


def sockets(plugin) -> list[Path]:
    return sorted(plugin.folder.glob("ekuiper-*/*.status"))


def socket_of(plugin) -> Path:
    deadline = time.monotonic() + DEADLINE
    while not (found := sockets(plugin)):
        assert time.monotonic() < deadline
    return found[0]


def test_counts_calls_and_rows(supervised):
    """Each running symbol with its rules, how much it did and how long calls took."""
    plugin = supervised(CALLS).hosted()
    function = plugin.function("a")
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.start("source", "s")
    for _ in range(4):
        rows.recv(DEADLINE)
    assert [ask(function, n) for n in range(5)] == [*range(5)]
    ask(function, "fail")
    found = await_status(
        plugin,
        lambda found: symbol(found, "a")["calls"] == 6 and symbol(found, "s")["errors"] == 1,
    )

    assert (found["plugin"], found["state"], found["failure"]) == ("p", "serving", None)
    assert (found["pid"], [found["worker_pid"]]) == (plugin.process.pid, plugin.workers())
    assert (found["generation"], found["restarts"], found["deaths"]) == (1, 0, [])
    assert 0 < found["worker_uptime"] <= found["uptime"] < DEADLINE
    assert 5e6 < found["memory"] < 500e6
    called = symbol(found, "a")
    assert (called["kind"], called["rules"], called["errors"]) == ("function", ["r"], 1)
    assert 0 < called["p50"] <= called["p99"] <= called["max"] < DEADLINE
    assert symbol(found, "s") == {
        "kind": "source",
        "name": "s",
        "rules": ["r"],
        "op": "o",
        "instance": 0,
        "rows": 3,
        "errors": 1,
        "state": "running",
    }


def test_counts_the_rows_of_a_sink(supervised):
    """Those that collect refused are errors."""
    plugin = supervised(
        """
        class K(Sink):
            def collect(self, ctx, data):
                if b"bad" in data:
                    raise ValueError("bad")
        plugin.start(PluginConfig('p', {}, {'k': K}, {}))
        """
    ).hosted()
    plugin.start("sink", "k")
    url = plugin.addresses.data(Meta("r", "o", 0))
    rows = plugin.keep(plugin.transport.push(url, timeout=DEADLINE))
    for data in (b"good", b"bad", b"good"):
        rows.send(data)
    found = await_status(plugin, lambda found: symbol(found, "k")["rows"] == 3)

    assert symbol(found, "k")["errors"] == 1


def test_tells_of_deaths(supervised):
    """When each worker died, and how; the figures begin anew with the next one."""
    plugin = supervised(CALLS).hosted()
    function = plugin.function("a")
    assert ask(function, 1) == 1
    began = time.time()
    function.send(encode_call(Call("Exec", ["die"], CallContext("r", "o", 0, 0))))
    assert function.recv(DEADLINE) == b"handshake"
    function.send(encode_call(Call("Exec", ["live"], CallContext("r", "o", 0, 0))))
    function.recv(DEADLINE)
    found = await_status(plugin, lambda found: (symbol(found, "a") or {}).get("calls"))

    assert (found["generation"], found["restarts"], symbol(found, "a")["calls"]) == (2, 1, 1)
    (death,) = found["deaths"]
    assert (death["generation"], death["reason"]) == (1, "with exit code 7")
    assert began - 1 <= death["time"] <= time.time() + 1


def test_tells_what_an_import_raised(supervised):
    """A plugin without a worker says why it has none."""
    plugin = supervised(
        """
        if (HERE / "first").exists():
            import nowhere_to_be_found
        (HERE / "first").touch()
        plugin.start(PluginConfig('p', {}, {}, {}))
        """
    ).hosted()
    found = await_status(plugin, lambda found: found["state"] == "none")

    reason = "ModuleNotFoundError: No module named 'nowhere_to_be_found' (p.py:13)"
    assert (found["failure"], found["worker_pid"], found["memory"] > 0) == (reason, None, True)
    assert [death["reason"] for death in found["deaths"]] == [reason]


@pytest.mark.parametrize("how", ["broken", "removed"])
def test_tells_why_the_script_cannot_be_run_again(supervised, how):
    """After a death: with the reason, while rules wait and workers come and go."""
    plugin = supervised("plugin.start(PluginConfig('p', {}, {}, {'f': echo()}))").hosted()
    ask(plugin.function("f"), 1)
    script = plugin.folder / "p.py"
    if how == "broken":
        script.write_text("def broken(:\n")
    else:
        script.unlink()
    (worker,) = plugin.workers()
    os.kill(worker, signal.SIGKILL)

    found = await_status(plugin, lambda found: found["generation"] > 3 and found["failure"])
    reason = "SyntaxError: " if how == "broken" else "FileNotFoundError: "
    assert found["failure"].startswith(reason)
    assert "p.py" in found["failure"]
    plugin.process.send_signal(signal.SIGTERM)
    _, output = plugin.end()
    assert output.count("ERROR   p no call or row is seen to until this is mended: ") == 1


def test_is_told_while_the_worker_is_busy(supervised):
    """One that imports for long, or holds its main thread, keeps nobody waiting."""
    plugin = supervised(
        """
        class S(Source):
            def configure(self, datasource, conf):
                (HERE / "configures").write_text("")
                while not (HERE / "go").exists():
                    threading.Event().wait(0.01)
            def open(self, ctx):
                threading.Event().wait()
        while (HERE / "first").exists() and not (HERE / "import").exists():
            threading.Event().wait(0.01)
        (HERE / "first").touch()
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    await_status(plugin, lambda found: found["state"] == "importing")
    (plugin.folder / "import").touch()
    plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    plugin.control.send(start_frame())
    deadline = time.monotonic() + DEADLINE
    while not (plugin.folder / "configures").exists():
        assert time.monotonic() < deadline
    busy = [status_of(plugin) for _ in range(2)]
    (plugin.folder / "go").touch()

    assert plugin.control.recv(DEADLINE) == b"ok"
    assert [found["symbols"] for found in busy] == [[], []]
    found = await_status(plugin, lambda found: found["symbols"])
    assert symbol(found, "s")["state"] == "running"


def test_the_socket_is_private_and_goes_with_the_supervisor(supervised):
    """Mode 0600 in a folder of mode 0700, removed at an orderly end."""
    plugin = supervised(ALL_KINDS).hosted()
    path = socket_of(plugin)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
    plugin.process.terminate()
    plugin.end()

    assert modes == [0o600, 0o700]
    assert sockets(plugin) == []


def test_a_stale_socket_is_removed(supervised):
    """One whose supervisor was killed is no plugin; a file of another kind is left alone."""
    plugin = supervised(ALL_KINDS).hosted()
    path = socket_of(plugin)
    other = path.with_name("notes.txt")
    other.touch()
    worker = await_status(plugin, lambda found: found["worker_pid"])["worker_pid"]
    plugin.process.kill()
    plugin.end()
    await_end(worker)
    left = sockets(plugin)

    assert left == [path]
    assert statuses(str(plugin.folder)) == []
    assert sockets(plugin) == []
    assert other.exists()


def test_the_next_supervisor_removes_a_stale_socket(supervised):
    """Hosts kill a plugin that they update: nothing piles up."""
    plugin = supervised(CALLS)
    folder = plugin.folder / f"ekuiper-{os.geteuid()}"
    folder.mkdir()
    stale, listened = folder / "4194305_ab.status", folder / "4194306_cd.status"
    with socket.socket(socket.AF_UNIX) as gone, socket.socket(socket.AF_UNIX) as elsewhere:
        gone.bind(str(stale))
        elsewhere.bind(str(listened))
        elsewhere.listen()
        plugin.hosted()
        plugin.function("a")

        assert not stale.exists()
        assert listened.exists()


def test_nobody_disturbs_the_plugin(supervised):
    """Those who connect and stay silent, go at once or come in crowds."""
    plugin = supervised(CALLS).hosted()
    function = plugin.function("a")
    path = socket_of(plugin)
    crowd = []
    for number in range(3 * MOST):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(DEADLINE)
        one.connect(str(path))
        crowd.append(one)
        if number % 3 == 0:
            one.close()
    assert [ask(function, n) for n in range(20)] == [*range(20)]
    assert status_of(plugin)["restarts"] == 0
    for one in crowd:
        one.close()
    plugin.function("b")


def test_one_who_only_begins_to_listen_is_no_stale_socket(tmp_path, monkeypatch):
    """Between bind and listen a connection is refused; the socket is left where it is."""
    folder = tmp_path / f"ekuiper-{os.geteuid()}"
    folder.mkdir()
    path = folder / "1_begins.status"
    with socket.socket(socket.AF_UNIX) as beginner:
        beginner.bind(str(path))
        monkeypatch.setattr(asking.time, "sleep", lambda seconds: beginner.listen())

        assert statuses(str(tmp_path), 0.1) == [{"plugin": None, "pid": 1, "state": "silent"}]
        assert path.exists()


@pytest.mark.parametrize("heard", [False, True], ids=["at once", "when it was asked"])
def test_who_is_slow_to_speak_asks_again(tmp_path, heard):
    """A supervisor takes silence for a question, and tells its status: a reload is another one."""
    path = tmp_path / "s"

    def answer():
        for said in (b'{"state": "serving"}', b'{"error": null}'):
            one, _ = listener.accept()
            with one:
                if heard or b"error" in said:
                    one.recv(1, socket.MSG_PEEK)
                if b"error" in said:
                    assert one.recv(100) == b"reload\n"
                one.sendall(said)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        supervisor = threading.Thread(target=answer)
        supervisor.start()
        assert asking.reload(str(path), DEADLINE) == {"error": None}
        supervisor.join(DEADLINE)


def test_no_socket_no_status(supervised):
    """A plugin whose private folder cannot be made runs all the same, and says so."""
    plugin = supervised(CALLS)
    (plugin.folder / f"ekuiper-{os.geteuid()}").write_text("in the way")
    plugin.hosted()
    assert ask(plugin.function("a"), 1) == 1
    assert statuses(str(plugin.folder)) == []
    plugin.process.terminate()
    status, output = plugin.end()

    assert status == 0
    assert "there is no status: " in output


def test_a_supervisor_that_is_stopped_is_told_as_silent(supervised):
    """Its number is known from the name of its socket."""
    plugin = supervised(CALLS).hosted()
    socket_of(plugin)
    os.kill(plugin.process.pid, signal.SIGSTOP)
    found = statuses(str(plugin.folder), 0.1)
    os.kill(plugin.process.pid, signal.SIGCONT)

    assert found == [{"plugin": None, "pid": plugin.process.pid, "state": "silent"}]


def test_a_folder_of_nobody_has_no_plugins(tmp_path):
    """Where no plugin ever ran, none is found, and no folder made."""
    assert statuses(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_symbols_that_do_not_run():
    """The supervisor knows them: those the worker lacks, those it says nothing of, those left
    out."""
    source, function, sink = (Order(start_frame(*each)) for each in KINDS)
    place = {"rules": ["r"], "op": "o", "instance": 0}
    running = [{"kind": "source", "name": "s", **place, "rows": 1, "errors": 0}]

    def states(*arguments):
        return [(each["name"], each["state"]) for each in symbols(*arguments)]

    assert states([source, function], [sink], running) == [
        ("s", "running"),
        ("a", "waiting"),
        ("k", "out"),
    ]
    assert states([source, function], [], None) == [("s", "unknown"), ("a", "unknown")]


KINDS = (("source", "s"), ("func", "a"), ("sink", "k"))


class TestTally:
    def test_nothing_yet(self):
        """No call, no times."""
        assert Tally().figures() == {
            "calls": 0,
            "errors": 0,
            "p50": None,
            "p99": None,
            "max": None,
        }

    def test_percentiles_are_of_the_last_calls(self):
        """The slowest call is remembered for good."""
        tally = Tally()
        tally.add(9_000_000_000)
        for took in range(1, KEPT + 1):
            tally.add(took * 1_000_000)
        found = tally.figures()

        assert (found["calls"], found["max"]) == (KEPT + 1, 9.0)
        assert found["p50"] == pytest.approx(KEPT / 2 / 1000, rel=0.01)
        assert found["p99"] == pytest.approx(KEPT * 0.99 / 1000, rel=0.01)


def test_memory_is_of_the_whole_tree(supervised):
    """Supervisor and worker together."""
    plugin = supervised(ALL_KINDS).hosted()
    plugin.function("a")
    pids = family(plugin.process.pid)

    assert pids == [plugin.process.pid, *plugin.workers()]
    assert memory(pids) > memory(pids[:1]) > 1e6
    assert memory([]) is None


def libraries(pid: int) -> set[str]:
    """The shared objects that a process has loaded."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line.split()[-1] for line in lines if ".so" in line}


def test_the_supervisor_loads_nothing_more_while_it_works(supervised):
    """It reads commands and answers statuses with what it has."""
    plugin = supervised(ALL_KINDS).hosted()
    function = plugin.function("a")
    before = libraries(plugin.process.pid)
    assert ask(function)
    await_status(plugin, lambda status: status["state"] == "serving")

    assert libraries(plugin.process.pid) == before


@pytest.mark.parametrize("choice", ["orjson", "stdlib"])
def test_orjson_is_shared_if_it_is_used(supervised, choice):
    """Loaded before the fork, or never."""
    pytest.importorskip("orjson")
    plugin = supervised(ALL_KINDS).hosted(EKUIPER_JSON=choice)
    assert ask(plugin.function("a"))
    for pid in (plugin.process.pid, *plugin.workers()):
        loaded = any("orjson" in each for each in libraries(pid))
        assert loaded == (choice == "orjson")
