"""The plugin's process: how it is spawned, watched and killed."""

from __future__ import annotations

import dataclasses
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekuiper.errors import HostError
from ekuiper.host.embedded import Settings
from ekuiper.host.embedded.process import PluginProcess, command_line

from .conftest import DEADLINE, MANIFEST

SCRIPT = Path("/plugins/mirror/main.py")


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., PluginProcess]]:
    """Run `code` as the plugin's script, in a folder of its own."""
    processes: list[PluginProcess] = []

    def run(code: str, **options: object) -> PluginProcess:
        folder = tmp_path / "plugin"
        folder.mkdir(exist_ok=True)
        (folder / "main.py").write_text(code)
        process = PluginProcess(
            folder, MANIFEST, settings=Settings(), log=tmp_path / "log", **options
        )
        processes.append(process)
        process.start()
        return process

    yield run
    for process in processes:
        process.close()


def wait(process: PluginProcess) -> PluginProcess:
    assert process.wait(DEADLINE) is not None
    return process


@pytest.mark.parametrize(
    ("changes", "settings", "expected"),
    [
        ({}, Settings(python="py"), ["py", "-u", str(SCRIPT)]),
        ({}, Settings(python="py", unbuffered=False), ["py", str(SCRIPT)]),
        (
            {"virtual_env_type": "conda", "env": "vision"},
            Settings(python="py"),
            ["conda", "run", "-n", "vision", "py", str(SCRIPT)],
        ),
        ({"language": "go"}, Settings(), [str(SCRIPT)]),
    ],
)
def test_command_line(changes, settings, expected):
    """The arguments are those of kuiperd, whatever the language and environment."""
    manifest = dataclasses.replace(MANIFEST, **changes)
    assert command_line(manifest, SCRIPT, settings) == [*expected, '{"sendTimeout":1000}']


def test_what_the_plugin_sees(spawn, tmp_path, monkeypatch):
    """Its folder is the working directory, stdin is empty, the environment is ours and more."""
    monkeypatch.setenv("INHERITED", "yes")
    code = """if True:
        import json, os, sys
        names = os.environ["INHERITED"], os.environ["ADDED"]
        print(json.dumps([sys.argv[1:], os.getcwd(), sys.stdin.read(), *names]), end=" ")
        print(sys.stdout.write_through)
        print("an error", file=sys.stderr)
    """
    tail = wait(spawn(code, env={"ADDED": "too"})).log_tail()
    first, second = tail.splitlines()
    folder = str(tmp_path / "plugin")
    assert json.loads(first.removesuffix(" True")) == [
        ['{"sendTimeout":1000}'],
        folder,
        "",
        "yes",
        "too",
    ]
    assert second == "an error"


def test_exit_is_noticed(spawn):
    """The exit code is there once the process is not; the tail of the log is that of one start."""
    process = wait(spawn("import sys; print('run'); sys.exit(7)"))
    assert process.exit_code == 7
    process.start()
    assert wait(process).exit_code == 7
    assert process.log_tail() == "run"


def test_kill(spawn):
    """kill is SIGKILL and returns when the process is gone; again it does nothing."""
    process = spawn("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()")
    assert process.alive
    assert process.exit_code is None
    with pytest.raises(HostError, match="running already"):
        process.start()
    process.kill()
    assert not process.alive
    assert process.exit_code == -signal.SIGKILL
    process.kill()


def test_interrupted_in_its_start(spawn, monkeypatch):
    """Ctrl-C may come when it is spawned and not yet watched: it is killed all the same."""

    def interrupted(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    process = spawn("import signal; signal.pause()")
    process.kill()
    with monkeypatch.context() as changed:
        changed.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.start()
    process.kill()
    assert process.exit_code == -signal.SIGKILL


def test_before_the_first_start(tmp_path):
    """A process that was never started is not alive, and can be killed."""
    process = PluginProcess(tmp_path, MANIFEST, settings=Settings(), log=tmp_path / "log")
    process.kill()
    assert (process.alive, process.exit_code, process.pid) == (False, None, None)
    assert process.log_tail() == ""


def test_log_tail_is_the_end(spawn):
    """Of a long log only the last lines are read, whatever bytes are in it."""
    code = "import sys; sys.stdout.buffer.write(b'\\xff' * 200_000 + b'\\nlast but one\\nlast\\n')"
    assert wait(spawn(code)).log_tail(2) == "last but one\nlast"


def test_no_such_interpreter(tmp_path):
    """An interpreter that cannot be run is named."""
    settings = Settings(python="/gone/python")
    process = PluginProcess(tmp_path, MANIFEST, settings=settings, log=tmp_path / "log")
    with pytest.raises(HostError, match="cannot run /gone/python"):
        process.start()
    assert not process.alive
