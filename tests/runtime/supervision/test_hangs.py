"""Calls that hang: told with their stack, and with `call_timeout` ended with their worker."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest
from tests.runtime.test_process import DEADLINE, ask

from ekuiper.protocol.codec import decode_reply, encode_call
from ekuiper.protocol.messages import Call, CallContext, Meta
from ekuiper.runtime.launcher import text as launcher
from ekuiper.runtime.supervision.asking import statuses
from ekuiper.runtime.supervision.memory import family
from ekuiper.transport import wait

from .test_deaths import start_frame
from .test_poison import ANOTHER, ask_through, called, run_by_launcher
from .test_status import await_status, symbol

HANGING = """
    import ctypes
    def hang(args):
        with open(HERE / "called", "a") as file:
            print(args[0], file=file)
        if args[0] == "wait": threading.Event().wait()
        if args[0] == "hold": ctypes.PyDLL(None).pause()
        return args
    class Async(Function):
        async def exec(self, args, ctx):
            import asyncio
            if args[0] == "wait": await asyncio.Event().wait()
            return args
    functions = {"f": echo(hang), "g": echo(hang), "a": Async}
    plugin.start(PluginConfig('p', {}, {}, functions, call_timeout=0.2))
"""


@pytest.mark.parametrize("own", [False, True], ids=["forked", "own interpreter"])
@pytest.mark.parametrize("argument", ["wait", "hold"])
def test_the_worker_is_replaced(supervised, argument, own):
    """Even if the call keeps all other threads from running; its stack is logged first, and the
    third time the request is answered with an error that names the limit."""
    plugin = supervised(HANGING)
    if own:
        run_by_launcher(plugin)
    plugin.hosted()
    f, g = plugin.function("f"), plugin.function("g")
    assert ask(f, "before") == ["before"]
    reply = ask_through(f, argument)

    assert reply.state is False
    assert "killed its worker twice (call_timeout=0.2 s) on this request" in reply.result
    assert called(plugin)[1:] == [argument, argument]
    assert ask(f, "after") == ["after"]
    assert ask_through(g, "b").result == ["b"]
    log = ended(plugin)
    told = [line for line in log if "a call takes longer than 0.2 s" in line]
    assert 2 <= len(told) <= 4  # on a busy machine the supervisor may tell of one, too
    assert all("[r/o/0] function 'f' of plugin 'p': a call" in line for line in told)
    below = log[log.index(told[0]) + 1 :]
    assert re.match(r"  /.*\.py:\d+ in exec", below[0])
    assert re.match(r"  /.*\.py:\d+ in hang", below[1])
    killed = [line for line in log if "ended as function 'f' took longer than call_tim" in line]
    assert len(killed) == 2
    assert log.index(told[0]) < log.index(killed[0])


def ended(plugin) -> list[str]:
    """End it; the lines it logged and `until` has not read."""
    plugin.process.terminate()
    log = plugin.process.stdout.read()
    assert plugin.end() == (0, "")
    return log.splitlines()


def test_a_coroutine_that_waits_is_told_where(supervised):
    """Not the event loop below it."""
    plugin = supervised(HANGING).hosted()
    assert ask_through(plugin.function("a"), "wait").state is False

    log = ended(plugin)
    at = next(number for number, line in enumerate(log) if "a call takes longer" in line)
    assert re.match(r'  /.*p\.py:\d+ in exec: if args\[0\] == "wait": await', log[at + 1])
    assert re.match(r"  /.*asyncio/locks.py:\d+ in wait", log[at + 2])


PATIENT = """
    going = threading.Event()
    def work(args):
        if args[0] == "wait": going.wait()
        if args[0] == "hold": ctypes.PyDLL(None).usleep(3_000_000)
        if args[0] == "go": going.set()
        return args
    import ctypes
    functions = {"f": echo(work), "g": echo(work)}
    plugin.start(PluginConfig('p', {}, {}, functions))
"""
SOON = "import ekuiper.runtime.supervision.inflight as inflight\ninflight.STUCK_AFTER = 0.2\n"


IMPATIENT = "import ekuiper.runtime.supervision.table as table\ntable.PATIENCE = 0.3\n"


def changed(plugin, lines, interpreter=None):
    """By these lines, in the supervisor and the workers that are forked from it."""
    plugin.script.rename(plugin.folder / "body.py")
    plugin.script.write_text(lines + launcher("p", "body.py", interpreter=interpreter))
    return plugin


def soon_told(plugin):
    """Calls are told after less than five seconds."""
    return changed(plugin, SOON)


def until(plugin, words: str) -> None:
    """Read its log as far as to the line with these words."""
    while words not in (line := plugin.process.stdout.readline()):
        assert line


def send(function, argument) -> None:
    function.send(encode_call(Call("Exec", [argument], CallContext("r", "o", 0, 0))))


def test_without_a_limit_it_is_only_told(supervised):
    """Once a call, and in the status, while it lasts; then it is answered, late, and once."""
    plugin = soon_told(supervised(PATIENT)).hosted()
    f, g = plugin.function("f"), plugin.function("g")
    send(f, "wait")
    until(plugin, "s so far), now at:")
    found = await_status(plugin, lambda found: symbol(found, "f")["state"] == "stuck")
    assert symbol(found, "f")["seconds"] >= 0.2
    assert symbol(found, "f")["calls"] == 0
    assert symbol(found, "g")["state"] == "running"
    assert ask(g, "go") == ["go"]
    assert decode_reply(f.recv(DEADLINE)).result == ["wait"]
    assert ask(f, "next") == ["next"]
    found = await_status(plugin, lambda found: symbol(found, "f")["state"] == "running")
    assert "seconds" not in symbol(found, "f")

    log = ended(plugin)
    assert not any("a call takes longer" in line or "ended" in line for line in log)


def test_who_lets_no_other_thread_run_is_told(supervised):
    """By the supervisor, as the worker cannot; it lives on."""
    plugin = soon_told(supervised(PATIENT)).hosted()
    f = plugin.function("f")
    send(f, "hold")
    until(plugin, "lets no other thread run, now at:")
    (found,) = statuses(str(plugin.folder), DEADLINE)
    assert symbol(found, "f")["state"] == "stuck"
    assert symbol(found, "f")["seconds"] >= 0.2
    assert decode_reply(f.recv(DEADLINE)).result == ["hold"]
    assert ask(f, "next") == ["next"]

    log = ended(plugin)
    assert re.match(r"  /.*body.py:\d+ in exec", log[0])
    assert re.match(r"  /.*body.py:\d+ in work", log[1])
    assert not any("a call takes longer" in line or "ended" in line for line in log)


@pytest.mark.parametrize("own", [False, True], ids=["forked", "own interpreter"])
def test_one_of_two_calls_lets_no_thread_run(supervised, own):
    """Which of them does is found out: that one is refused, the other one answered."""
    plugin = supervised(HELD)
    if own:
        run_by_launcher(plugin)
    plugin.hosted()
    f, g = plugin.function("f"), plugin.function("g")
    innocent, deadly = (encode_call(call_of(each)) for each in ("until the other", "hold"))
    assert (ask(f, "before"), ask(g, "before")) == (["before"], ["before"])  # somebody looks
    f.send(innocent)
    g.send(deadly)
    replies: dict[object, object] = {}
    while len(replies) < 2:
        for one, call in ((f, innocent), (g, deadly)):
            if one not in replies and wait([one], 0.05):
                frame = one.recv(DEADLINE)
                if frame == b"handshake":
                    one.send(call)
                else:
                    replies[one] = decode_reply(frame)

    assert replies[f].result == ["until the other"]
    assert "killed its worker twice (call_timeout=0.5 s) on this request" in replies[g].result


def call_of(argument):
    return Call("Exec", [argument], CallContext("r", "o", 0, 0))


HELD = """
    import ctypes
    there = threading.Event()
    def work(args):
        if args[0] == "before": return args
        if args[0] == "hold":
            held = not (HERE / "held").exists()
            (HERE / "held").touch()
            if held: there.wait()
            ctypes.PyDLL(None).pause()
        if not (HERE / "held").exists() or not (HERE / "both").exists():
            (HERE / "both").touch()
            there.set()
            threading.Event().wait()
        return args
    functions = {"f": echo(work), "g": echo(work)}
    plugin.start(PluginConfig('p', {}, {}, functions, call_timeout=0.5))
"""


def test_a_worker_that_a_source_keeps_from_running_is_replaced(supervised):
    """It answers no command: each is answered by the supervisor, and done by the next worker."""
    plugin = changed(
        supervised(
            """
            import ctypes
            class S(Source):
                def open(self, ctx):
                    library = ctypes.PyDLL(None)
                    ctx.emit({"n": 1})
                    library.pause()
            plugin.start(PluginConfig('p', {'s': S}, {}, {'f': echo()}))
            """
        ),
        IMPATIENT,
    ).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    f = plugin.function("f")
    plugin.start("source", "s")
    rows.recv(DEADLINE)
    assert plugin.command(start_frame(verb="stop")) == b"ok"
    assert ask_through(f, "again").result == ["again"]
    assert any("the worker still does not answer; it is killed" in line for line in ended(plugin))


SOON_ASKED = """
import ekuiper.runtime.supervision.pulse as pulse
pulse.EVERY, pulse.PATIENCE, pulse.GRACE = 0.1, 0.4, 0.1
"""
SILENT = """
    import ctypes, re, signal, sys
    class S(Source):
        def open(self, ctx):
            first = not (HERE / "first").exists()
            (HERE / "first").touch()
            ctx.emit({"n": 1})
            while True:
                if first and (HERE / "hold").exists(): hold()
                if first and (HERE / "stop").exists(): os.kill(os.getpid(), signal.SIGSTOP)
                time.sleep(0.01)
    def hold():
        re.match("(a+)+$", "a" * 60 + "b")
    def work(args):
        if args[0] == "later": threading.Timer(0.1, hold).start()
        return args
    import os, time
    plugin.start(PluginConfig('p', {'s': S}, {}, {'f': echo(work)}, call_timeout=0.3))
"""


@pytest.mark.parametrize(
    ("how", "interpreter"), [("hold", None), ("hold", ANOTHER), ("stop", None), ("later", None)]
)
def test_a_worker_that_stands_still_between_calls_is_replaced(supervised, how, interpreter):
    """Though nobody commands it: it is asked now and then; where its code was is told."""
    plugin = changed(supervised(SILENT), SOON_ASKED, interpreter).hosted()
    rows = plugin.keep(plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0))))
    f = plugin.function("f")
    plugin.start("source", "s")
    rows.recv(DEADLINE)
    assert ask_through(f, how).result == [how]
    if how != "later":
        (plugin.folder / how).touch()
    rows.recv(DEADLINE)
    assert ask_through(f, "again").result == ["again"]

    log = ended(plugin)
    told = next(number for number, line in enumerate(log) if "WARNING" in line)
    assert re.search(r"the worker of plugin 'p' answers nothing for \d s: its code lets", log[told])
    held = any(re.match(r"  /.*body.py:\d+ in hold", line) for line in log)
    assert held or how == "stop"
    assert sum("worker 1 ended as it answered nothing for" in line for line in log) == 1
    assert not any("worker 2 ended" in line for line in log)


def test_while_no_calls_come_nobody_looks(supervised):
    """Neither supervisor nor worker wakes up; the next call is watched again."""
    plugin = soon_told(supervised(PATIENT)).hosted()
    f = plugin.function("f")
    for _ in range(2):
        assert ask(f, "quick") == ["quick"]
        tasks = [task for pid in family(plugin.process.pid) for task in tasks_of(pid)]
        await_rest(tasks)
    send(f, "wait")
    until(plugin, "now at:")


def tasks_of(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def await_rest(tasks: list[Path]) -> None:
    """Until all have slept through many of the times between two looks."""
    deadline = time.monotonic() + DEADLINE
    before = None
    while before != (now := [switches(task) for task in tasks]):
        assert time.monotonic() < deadline
        before = now
        threading.Event().wait(0.3)


def switches(task: Path) -> list[str]:
    """How often it went to sleep or was put there."""
    return [line for line in (task / "status").read_text().splitlines() if "ctxt" in line]


def test_in_one_process_it_is_told(supervised):
    """There the limit ends nothing."""
    plugin = supervised(HANGING).hosted(EKUIPER_SUPERVISE="0")
    f, g = plugin.function("f"), plugin.function("g")
    send(f, "wait")
    until(plugin, "function 'f' of plugin 'p': a call takes longer than 0.2 s")
    assert ask(g, "on") == ["on"]
    assert plugin.process.poll() is None


def test_what_was_left_behind_does_not_keep_the_worker(supervised):
    """A source that goes on after its stop, a close that hangs and a pool's thread: the next run of
    the same source gets its own rows alone, and the worker ends in time."""
    plugin = supervised(
        """
        from concurrent.futures import ThreadPoolExecutor
        from ekuiper.runtime import process, symbol
        symbol.CLOSE_TIMEOUT = symbol.GRACE = process.CLOSE_TIMEOUT = process.EXIT_TIMEOUT = 0.1
        runs = []
        class S(Source):
            def open(self, ctx):
                runs.append(ctx)
                number = len(runs)
                self.pool = ThreadPoolExecutor()
                self.pool.submit(threading.Event().wait)
                while True:
                    try:
                        ctx.emit({"run": number})
                    except BaseException:
                        pass
            def close(self, ctx):
                threading.Event().wait()
        plugin.start(PluginConfig('p', {'s': S}, {}, {}))
        """
    ).hosted()
    for run in (1, 2):
        rows = plugin.transport.pull(plugin.addresses.data(Meta("r", "o", 0)))
        with rows:
            plugin.start("source", "s")
            for _ in range(100):
                assert json.loads(rows.recv(DEADLINE))["message"] == {"run": run}
        assert plugin.command(start_frame(verb="stop")) == b"ok"

    log = ended(plugin)
    assert sum("close() has not returned" in line for line in log) == 2
    assert not any(" ended by " in line for line in log)
