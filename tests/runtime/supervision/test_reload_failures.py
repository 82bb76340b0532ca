"""A reload that fails changes nothing but the status; whoever dies in one, all goes on."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from tests.runtime.test_process import DEADLINE, ask

from ekuiper.runtime.supervision.asking import reload, supervisors

from .test_reload import PLUGIN, VERSION, Host, await_generation, change, pytestmark
from .test_status import await_status, socket_of, status_of

__all__ = ["pytestmark"]


def reloaded(plugin):
    """What the supervisor answers to who wants a reload."""
    socket_of(plugin)
    ((path, _),) = supervisors(str(plugin.folder), DEADLINE)
    return reload(path, DEADLINE)


@pytest.fixture
def plugin(supervised):
    return supervised(PLUGIN).hosted()


BROKEN = {
    "syntax": (VERSION, "VERSION = = 2\n", "SyntaxError: invalid syntax (p.py, line "),
    "import": (VERSION, "import torhc\n", "ModuleNotFoundError: No module named 'torhc' (p.py:"),
    "exit": (VERSION, "os._exit(7)\n", "the new worker ended with exit code 7 while it imported p"),
    "no start": ("plugin.start(", "print(", "p.py ended without plugin.start(...)"),
    "name": ("PluginConfig('p'", "PluginConfig('q'", "was launched as 'p'; the names must agree"),
    "symbol": ("{'s': S}", "{'t': S}", "source 's': the PluginConfig of plugin 'p' has 't'"),
    "function": ("{'f': ", "{'g': ", "function 'f'"),
    "configure": ("self.done =", "self.gone[0] =", "AttributeError: 'S' object has no attribute"),
    "factory": ("def tag(", "@None\ndef tag(", "TypeError: 'NoneType' object is not callable"),
    "crash": ("self.done =", "os.kill(os.getpid(), 11) #", "by SIGSEGV while it was prepared"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_fails_changes_nothing(plugin, case):
    """The old worker goes on, the same process; the reason is the answer, and in the status."""
    host = Host(plugin)
    try:
        host.until(lambda: len(host.answers) > 5)
        old, new, reason = BROKEN[case]
        change(plugin, old, new)
        answer = reloaded(plugin)
        before = len(host.answers), len(host.received), host.sent
        host.until(lambda: len(host.answers) > before[0] and len(host.received) > before[1])
    finally:
        host.stop()
    found = status_of(plugin)

    assert reason in answer["error"]
    assert found["reload"]["error"] == answer["error"]
    assert (found["generation"], found["deaths"], found["state"]) == (1, [], "serving")
    assert found["worker_pid"] == plugin.only_worker()
    assert {answer[0] for answer in host.answers} == {1}
    assert host.handshakes == 0
    assert [row["n"] for row in host.received] == [*range(1, len(host.received) + 1)]


def test_a_reload_is_answered(plugin):
    """With the worker that serves, how long it took, and the gap; the status has it too."""
    function = plugin.function("f")
    assert ask(function, 0)[0] == 1
    change(plugin)
    answer = reloaded(plugin)

    assert (answer["plugin"], answer["generation"], answer["error"]) == ("p", 2, None)
    assert 0 < answer["gap"] < answer["seconds"] < DEADLINE
    assert ask(function, 0)[0] == 2
    found = status_of(plugin)
    assert (found["generation"], found["restarts"], found["reloads"]) == (2, 0, 1)
    plugin.only_worker()


def test_a_save_reloads(supervised):
    """With `watch`: the script, or a module of it; a bad one is told, and a good one mends it."""
    plugin = supervised(
        """
        import tool
        plugin.start(PluginConfig('p', {}, {}, {'f': echo(lambda args: tool.N)}, watch=True))
        """
    )
    (plugin.folder / "tool.py").write_text("N = 1\n")
    plugin.hosted()
    function = plugin.function("f")
    assert ask(function, 0) == 1
    (plugin.folder / "tool.py").write_text("N = = 2\n")
    found = await_status(plugin, lambda found: found["reload"])
    assert "SyntaxError: invalid syntax (tool.py, line 1)" in found["reload"]["error"]
    (plugin.folder / "tool.py").write_text("N = 2222\n")
    await_generation(plugin, 2)

    assert ask(function, 0) == 2222


def test_two_saves_in_one_second(supervised):
    """Of the same length: the cache of Python cannot tell them apart, the second one counts."""
    plugin = supervised(
        """
        import tool
        plugin.start(PluginConfig('p', {}, {}, {'f': echo(lambda args: tool.N)}))
        """
    )
    tool = plugin.folder / "tool.py"
    tool.write_text("N = 1\n")
    plugin.hosted()
    function = plugin.function("f")
    found = [ask(function, 0)]
    for n in (2, 3):
        tool.write_text(f"N = {n}\n")
        os.utime(tool, (100, 100))
        assert reloaded(plugin)["error"] is None
        found.append(ask(function, 0))

    assert found == [1, 2, 3]


def test_a_first_import_that_failed_is_tried_again_when_its_file_is_saved(supervised):
    """Without `watch`: there is nothing to lose."""
    plugin = supervised(
        """
        if (HERE / "first").exists(): import torhc
        (HERE / "first").touch()
        plugin.start(PluginConfig('p', {}, {}, {'f': echo()}))
        """
    ).hosted()
    await_status(plugin, lambda found: found["failure"])
    change(plugin, "import torhc", "pass")

    await_generation(plugin, 2)
    assert ask(plugin.function("f"), 1) == [1]


def test_one_after_the_other(plugin):
    """With `reload="replace"` the old worker has ended before the new one imports."""
    change(
        plugin, "plugin.start(PluginConfig(", "plugin.start(PluginConfig(reload='replace', name="
    )
    change(plugin, "'p', {'s': S}, {'k': K}, {'f': echo(tag)})", ADDED)
    assert reloaded(plugin)["error"] is None
    function = plugin.function("f")
    first = ask(function, 0)
    change(plugin)
    assert reloaded(plugin)["error"] is None

    assert function.recv(DEADLINE) == b"handshake"
    assert (first[0], ask(function, 0)[0]) == (1, 2)
    found = status_of(plugin)
    assert (found["generation"], found["restarts"], found["deaths"]) == (3, 0, [])
    change(plugin, "VERSION = 2", "VERSION = = 2")
    assert "SyntaxError" in reloaded(plugin)["error"]
    assert await_status(plugin, lambda found: found["failure"])


ADDED = "'p', sources={'s': S}, sinks={'k': K}, functions={'f': echo(tag)})"


def test_newer_code_does_not_wait_for_older(plugin):
    """Whose import hangs: its worker ends, and who waits for it has the answer of the next."""
    function = plugin.function("f")
    change(plugin, VERSION, "VERSION = 2\nimport time; time.sleep(60)\n")
    answers = []
    asking = threading.Thread(target=lambda: answers.append(reloaded(plugin)))
    asking.start()
    await_status(plugin, lambda found: found["reloading"] == "importing")
    change(plugin, "VERSION = 2\nimport time; time.sleep(60)\n", "VERSION = 3\n")
    assert reloaded(plugin)["error"] is None
    asking.join(DEADLINE)

    assert answers[0]["error"] is None
    assert ask(function, 0)[0] == 3
    plugin.only_worker()


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_worker_that_is_killed_while_the_new_one_imports(plugin, which):
    """The old one: the next has the new code. The new one: nothing happened."""
    function = plugin.function("f")
    (old,) = plugin.workers()
    change(
        plugin, VERSION, "VERSION = 2\nif not (HERE / 'go').exists(): import time; time.sleep(60)\n"
    )
    answers = []
    asking = threading.Thread(target=lambda: answers.append(reloaded(plugin)))
    asking.start()
    found = await_status(plugin, lambda found: found["reloading"] == "importing")
    assert found["worker_pid"] == old
    (new,) = (pid for pid in plugin.workers() if pid != old)
    (plugin.folder / "go").touch()
    os.kill(old if which == "old" else new, signal.SIGKILL)
    asking.join(DEADLINE)

    assert "SIGKILL" in answers[0]["error"]
    if which == "old":
        assert function.recv(DEADLINE) == b"handshake"
    assert ask(function, 0)[0] == (2 if which == "old" else 1)
    plugin.only_worker()


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_worker_that_dies_while_it_hands_over(supervised, which):
    """No symbol is lost: those that were not handed over are started anew."""
    dies = "if VERSION == 1: os._exit(9)" if which == "old" else "if VERSION == 2: die()"
    body = PLUGIN.replace("self.ended.set()", dies if which == "old" else "self.ended.set()")
    if which == "new":
        once = "die = lambda: (HERE / 'x').exists() or ((HERE / 'x').touch(), os._exit(9))\n"
        body = body.replace("class K", f"{once}class K").replace(
            "self.file = open", f"{dies}\n        self.file = open"
        )
    plugin = supervised(body).hosted()
    host = Host(plugin)
    try:
        host.until(lambda: len(host.answers) > 5 and len(host.received) > 5)
        change(plugin)
        reloaded(plugin)
        host.until(
            lambda: (
                host.answers[-1][0] == 2
                and host.received[-1]["version"] == 2
                and host.collected()[-1][0] == 2
            )
        )
    finally:
        host.stop()
    found = await_status(plugin, lambda found: found["state"] == "serving")

    assert sorted(each["name"] for each in found["symbols"]) == ["f", "k", "s"]
    assert [answer[1] for answer in host.answers] == [*range(len(host.answers))]
    plugin.only_worker()


def test_after_so_many_calls_a_new_worker(supervised):
    """Between two of them; a second time only after a while, and the log says so."""
    plugin = supervised(
        """
        plugin.start(
            PluginConfig('p', {}, {}, {'f': echo(lambda args: os.getpid())}, max_calls=10))
        """
    ).hosted()
    function = plugin.function("f")
    pids = [ask(function) for _ in range(10)]
    await_generation(plugin, 2)
    pids += [ask(function) for _ in range(30)]

    assert len(set(pids[:10])) == len(set(pids[10:])) == 1
    assert pids[0] != pids[-1]
    plugin.process.send_signal(signal.SIGTERM)
    _, output = plugin.end()
    assert "it has done 10 calls, as many as max_calls=10" in output
    assert "soon after the one before it was replaced" in output


def test_a_worker_that_has_grown_is_replaced(supervised):
    """By one that holds less."""
    plugin = supervised(
        """
        held = []
        def grow(args):
            held.append(bytearray(os.urandom(60_000_000)))
            return os.getpid()
        plugin.start(PluginConfig('p', {}, {}, {'f': echo(grow)}, max_memory="64MB"))
        """
    ).hosted()
    function = plugin.function("f")
    first = ask(function)
    found = await_generation(plugin, 2)

    assert found["worker_pid"] != first
    assert (found["deaths"], found["reloads"]) == ([], 1)


def test_one_that_is_slow_to_end_does_not_pile_up(supervised):
    """While it ends, others come and fail, or take over: two workers at most are left, then one."""
    plugin = supervised(
        "import atexit, time\n"
        + PLUGIN.replace("def tag", "atexit.register(time.sleep, 3)\ndef tag")
    ).hosted()
    function = plugin.function("f")
    for version in (2, 3, 4):
        change(plugin, f"VERSION = {version - 1}\n", f"VERSION = = {version}\n")
        assert "SyntaxError" in reloaded(plugin)["error"]
        change(plugin, f"VERSION = = {version}\n", f"VERSION = {version}\n")
        assert reloaded(plugin)["error"] is None
        assert ask(function, 0)[0] == version

    await_status(plugin, lambda _: len(plugin.workers()) <= 2)
    plugin.only_worker()
