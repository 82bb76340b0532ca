"""How a script runs in a worker: as it would by itself."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from tests.runtime.test_process import DEADLINE, HOST_ARGUMENT, ask

from ekuiper.runtime.launcher import interpreter_options, text

from .test_deaths import start_frame


def launched(plugin, **options):
    """The plugin, started by a launcher file beside its script."""
    launcher = plugin.folder / "launch.py"
    launcher.write_text(text("p", "p.py", **options))
    plugin.script = launcher
    return plugin


SURROUNDINGS = """
    import json, pickle, inspect, multiprocessing
    os.environ["CHANGED"] = "yes"
    at_import = {
        "cwd": os.getcwd(), "argv": sys.argv, "path": sys.path[0], "file": __file__,
        "name": __name__, "env": os.environ.get("GIVEN"),
        "main": getattr(sys.modules["__main__"], "__file__", ""),
        "spec": repr(__spec__) if "__spec__" in globals() else None,
    }
    os.chdir("/")
    class Thing: pass
    def double(x): return 2 * x
    def tell(args):
        method = args[0]
        if method == "surroundings": return at_import
        if method == "pickle": return type(pickle.loads(pickle.dumps(Thing()))).__name__
        if method == "source": return inspect.getsource(double)
        if method == "pid": return [os.getpid(), os.getppid()]
        with multiprocessing.get_context(method).Pool(1) as pool:
            return pool.map(double, [1, 2])
    if __name__ == "__main__":
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo(tell)}))
"""


@pytest.mark.parametrize("how", ["script", "launcher", "interpreter"])
def test_it_is_as_run_by_itself(supervised, how):
    """Environment, folder, arguments, `__main__`, pickling, inspect and multiprocessing."""
    plugin = supervised(SURROUNDINGS)
    script = plugin.script
    if how != "script":
        launched(plugin, interpreter=sys.executable if how == "interpreter" else None)
    function = plugin.hosted(GIVEN="this").function("echo")
    found = ask(function, "surroundings")

    assert found["cwd"] == found["path"] == str(plugin.folder)
    assert found["argv"] == [str(script), HOST_ARGUMENT]
    assert found["file"] == found["main"] == str(script)
    assert (found["name"], found["env"]) == ("__main__", "this")
    assert ask(function, "pickle") == "Thing"
    assert ask(function, "source") == "def double(x): return 2 * x\n"
    assert ask(function, "fork") == ask(function, "spawn") == [2, 4]
    worker, parent = ask(function, "pid")
    assert parent == plugin.process.pid
    assert plugin.workers() == [worker]


def test_with_a_launcher_the_handshake_is_before_the_imports(supervised):
    """However long they take; a start is held meanwhile, and nothing is imported twice."""
    plugin = supervised(
        """
        with open(HERE / "imports", "a") as file: file.write("x")
        with open(HERE / "gate") as gate: gate.read()
        plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))
        """
    )
    os.mkfifo(plugin.folder / "gate")
    launched(plugin).hosted()
    exchange = plugin.keep(plugin.transport.rep(plugin.addresses.function("echo")))
    plugin.control.send(start_frame("func", "echo"))
    with open(plugin.folder / "gate", "w") as gate:  # waits until the script reads it
        gate.write("go")

    assert plugin.control.recv(DEADLINE) == b"ok"
    assert exchange.recv(DEADLINE) == b"handshake"
    assert (plugin.folder / "imports").read_text() == "x"


def test_an_error_is_told_as_by_python(supervised):
    """The traceback begins in the script, and the answer names its line."""
    plugin = supervised("def broken(): raise ValueError('no')\nbroken()")
    plugin = launched(plugin).hosted()
    answer = plugin.command(start_frame("func", "echo")).decode()
    plugin.process.send_signal(signal.SIGTERM)
    _, output = plugin.end()

    assert answer.startswith("error: ValueError: no (p.py:")
    first = output.split("Traceback (most recent call last):\n")[1].splitlines()[0]
    assert first.startswith(f'  File "{plugin.folder / "p.py"}"')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("pass", "p.py ended without plugin.start"),
        ("sys.exit(4)", "p.py called sys.exit(4) before plugin.start"),
        ("this is no Python", "SyntaxError"),
        ("plugin.start(PluginConfig('q', {}, {}, {}))", "was launched as 'p'"),
    ],
)
def test_a_script_that_does_not_serve_is_told(supervised, body, words):
    """In the answer to the start."""
    plugin = launched(supervised(body)).hosted()

    assert words in plugin.command(start_frame("func", "echo")).decode()


@pytest.mark.parametrize(
    ("env", "config", "words"),
    [
        ({"EKUIPER_SUPERVISE": "0"}, "", "EKUIPER_SUPERVISE=0"),
        ({}, "supervised=False", "PluginConfig(supervised=False)"),
        ({}, "**(sys.setprofile(lambda *a: None) or {})", "profiler"),
        (
            {},
            "**(__import__('subprocess').Popen(['sleep', '9'], stdout=-3, stderr=-3) and {})",
            "started processes",
        ),
    ],
)
def test_in_one_process_a_line_says_why(supervised, env, config, words):
    """And the plugin serves all the same."""
    plugin = supervised(
        f"plugin.start(PluginConfig('p', {{}}, {{}}, {{'echo': echo()}}, {config}))"
    )
    plugin.hosted(**env)
    assert ask(plugin.function("echo"), 1) == [1]
    plugin.process.send_signal(signal.SIGKILL)
    lines = iter(plugin.process.stdout.readline, "")

    assert any("runs in one process" in line and words in line for line in lines)


def test_a_forked_child_that_starts_the_plugin_returns(supervised):
    """It is not another plugin."""
    plugin = supervised(
        """
        config = PluginConfig('p', {}, {}, {'echo': echo(lambda args: fork())})
        def fork():
            reader, writer = os.pipe()
            if os.fork() == 0:
                plugin.start(config)
                os.write(writer, b"returned")
                os._exit(0)
            return os.read(reader, 20).decode()
        plugin.start(config)
        """
    ).hosted()

    assert ask(plugin.function("echo")) == "returned"


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("python p.py a", "", "p.py a"),
        ("python -u p.py -u", "-u", "p.py -u"),
        ("python -X dev -Wd -uW error p.py", "-X dev -Wd -uW error", "p.py"),
        ("python --check-hash-based-pycs never p.py", "--check-hash-based-pycs never", "p.py"),
        ("python -u -m package a", "-u", "-m package a"),
        ("python -uc pass", "", "-uc pass"),
        ("python", "", ""),
    ],
)
def test_an_interpreters_options(line, options, rest):
    """They end at the script."""
    assert interpreter_options(line.split()) == (options.split(), rest.split())
