"""A call that kills its worker each time does not do so for ever."""

from __future__ import annotations

import os
import re
import signal
import textwrap

import pytest
from tests.runtime.test_process import DEADLINE, HEAD, ask

from ekuiper.errors import CallError
from ekuiper.host.embedded import Host, Settings
from ekuiper.protocol.codec import decode_reply, encode_call
from ekuiper.protocol.messages import Call, CallContext
from ekuiper.runtime.launcher import text as launcher
from ekuiper.transport import wait

from .conftest import ANOTHER

DEADLY = """
    import ctypes
    def deadly(args):
        with open(HERE / "called", "a") as file:
            print(args[0], file=file)
        if args[0] == "exit": os._exit(7)
        if args[0] == "segv": ctypes.string_at(0)
        if args[0] == "once" and not (HERE / "first").exists():
            (HERE / "first").write_text("")
            os._exit(7)
        return args
    plugin.start(PluginConfig('p', {}, {}, {n: echo(deadly) for n in ("f", "g")}))
"""


def called(plugin) -> list[str]:
    return (plugin.folder / "called").read_text().split()


def ask_through(function, argument):
    """Ask as eKuiper does, which repeats a request at each new connection; the last reply."""
    call = encode_call(Call("Exec", [argument], CallContext("r", "o", 0, 0)))
    function.send(call)
    while (frame := function.recv(DEADLINE)) == b"handshake":
        function.send(call)
    return decode_reply(frame)


@pytest.mark.parametrize("own", [False, True], ids=["forked", "own interpreter"])
@pytest.mark.parametrize(
    ("argument", "how"), [("exit", "with exit code 7"), ("segv", "by SIGSEGV")]
)
def test_the_third_time_it_is_an_error(supervised, argument, how, own):
    """Told with the function and how its worker ended; author code is called twice, and all else
    is answered as before, by whichever worker."""
    plugin = supervised(DEADLY)
    if own:
        run_by_launcher(plugin)
    plugin.hosted()
    f, g = plugin.function("f"), plugin.function("g")
    reply = ask_through(f, argument)

    assert reply.state is False
    assert f"function 'f' of plugin 'p': killed its worker twice ({how})" in reply.result
    assert re.search(r"on this request; not called again for [56]\d s", reply.result)
    assert called(plugin) == [argument, argument]
    assert ask(f, "a") == ["a"]
    assert ask_through(g, "b").result == ["b"]
    assert ask_through(f, argument).state is False
    assert ask(f, "c") == ["c"]
    assert called(plugin).count(argument) == 2


def run_by_launcher(plugin) -> None:
    """The worker is not forked, but executed."""
    os.rename(plugin.script, plugin.folder / "body.py")
    plugin.script.write_text(launcher("p", "body.py", interpreter=ANOTHER))


def test_one_death_is_forgiven(supervised):
    """A call that was in flight when its worker died, of something else, is done by the next, and
    is like any other from then on."""
    plugin = supervised(DEADLY).hosted()
    f = plugin.function("f")
    assert ask_through(f, "once").result == ["once"]
    for _ in range(2):
        (worker,) = plugin.workers()
        os.kill(worker, signal.SIGKILL)
        assert f.recv(DEADLINE) == b"handshake"
        assert ask(f, "once") == ["once"]
    (plugin.folder / "first").unlink()
    assert ask_through(f, "once").result == ["once"]

    assert called(plugin) == ["once"] * 6


@pytest.mark.parametrize("name", ["f", "g"])
def test_who_only_stood_by_is_not_blamed(supervised, name):
    """Two functions at work at each death: only one of the requests is refused."""
    plugin = supervised(
        """
        met = threading.Barrier(2)
        def body(args):
            with open(HERE / "called", "a") as file:
                print(args[0], file=file)
            if not (HERE / "first").exists():
                met.wait()
                (HERE / "first").write_text("")
            if args[0] == "die": os._exit(7)
            return args if (HERE / "second").exists() else threading.Event().wait(0.3) and args
        plugin.start(PluginConfig('p', {}, {}, {n: echo(body) for n in ("f", "g")}))
        """
    ).hosted()
    functions = {each: plugin.function(each) for each in ("f", "g")}
    deadly = functions.pop(name)
    [other] = functions.values()
    replies = ask_both({deadly: "die", other: "live"})

    assert replies[deadly].state is False
    assert replies[other].state is True


def ask_both(questions):
    """Ask as eKuiper does, of both at the same time."""
    calls = {
        function: encode_call(Call("Exec", [argument], CallContext("r", "o", 0, 0)))
        for function, argument in questions.items()
    }
    for function, call in calls.items():
        function.send(call)
    replies = {}
    while len(replies) < len(calls):
        ready = wait([each for each in calls if each not in replies], DEADLINE)
        assert ready
        for function in ready:
            frame = function.recv(DEADLINE)
            if frame == b"handshake":
                function.send(calls[function])
            else:
                replies[function] = decode_reply(frame)
    return replies


def test_behind_a_host_no_answer_is_shifted(tmp_path):
    """The error is one call's; all others get what they asked for, and the plugin runs."""
    (tmp_path / "p.json").write_text(
        '{"version": "1", "language": "python", "executable": "p.py", "functions": ["f"]}'
    )
    (tmp_path / "p.py").write_text(textwrap.dedent(HEAD) + textwrap.dedent(DEADLY))
    with Host(tmp_path, settings=Settings(recv_timeout=DEADLINE)) as host:
        f = host.function("f")
        for number in range(30):
            if number % 10 == 5:
                with pytest.raises(CallError, match=r"killed its worker twice \(by SIGSEGV\)"):
                    f.exec("segv", number)
            assert f.exec(number) == [number]

        assert host.status == "running"
        assert host.generation == 1
