"""What a plugin's code declares, asked in a process of its own."""

import os
import signal
import time
from pathlib import Path

import pytest

from ekuiper.bundle.declared import Declared, declare
from ekuiper.bundle.project import Project
from ekuiper.errors import DeclarationError

PLUGIN = '''
from abc import abstractmethod
from ekuiper import Function, PluginConfig, Sink, Source, plugin

class Ticks(Source):
    """Counts.

    More of it.
    """
    def open(self, ctx): ...

class Lines(Sink):
    def collect(self, ctx, data):
        """Takes a line."""

class Slow(Function):
    """Not made here."""
    def __init__(self):
        raise RuntimeError("too much work")
    def exec(self, args, ctx): ...

class Mean(Function):
    def __init__(self):
        self.yes = True
    async def is_aggregate(self):
        return self.yes
    def exec(self, args, ctx): ...

class Empty(Function): ...

def make():
    return Mean()

def fail():
    raise ValueError("no model")
print("a line on stdout")
plugin.start(PluginConfig(
    "p", {"ticks": Ticks}, {"lines": lambda: Lines()},
    {"slow": Slow, "mean": Mean, "made": make, "empty": Empty, "failing": fail},
))
'''


def project(folder: Path, text: str) -> Project:
    script = folder / "p.py"
    script.write_text(text, encoding="utf-8")
    return Project(folder=folder, name="p", version="", script=script)


def refused(folder: Path, text: str, **options: float) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        declare(project(folder, text), **options)  # type: ignore[arg-type]
    return caught.value


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    return declare(project(tmp_path, PLUGIN))


def test_symbols(declared: Declared) -> None:
    """Names, docstrings (of the class, else of its method) and places, in the order declared."""
    assert (declared.name, declared.started) == ("p", "p.py:37")
    (ticks,), (lines,) = declared.sources, declared.sinks
    assert (ticks.name, ticks.doc) == ("ticks", "Counts.\n\nMore of it.")
    assert (ticks.class_name, ticks.place, ticks.methods) == ("Ticks", "p.py:5", ("open",))
    assert (lines.name, lines.doc, lines.problem) == ("lines", "Takes a line.", "")
    names = [symbol.name for symbol in declared.functions]
    assert names == ["slow", "mean", "made", "empty", "failing"]


def test_aggregates(declared: Declared) -> None:
    """is_aggregate is asked where it is written, however the function is made."""
    assert {each.name for each in declared.functions if each.aggregate} == {"mean", "made"}


def test_problems(declared: Declared) -> None:
    """A symbol that could not be started says why; a class is not called in vain."""
    problems = {each.name: each.problem for each in declared.symbols if each.problem}

    assert set(problems) == {"empty", "failing"}
    assert problems["empty"].startswith("class Empty (p.py:29) has no method exec")
    assert problems["failing"] == "ValueError: no model (p.py:35)"


def test_errors_name_the_line(tmp_path: Path) -> None:
    """What the import raises comes with its type, file and line, and the output before it."""
    (tmp_path / "other.py").write_text("\n\nimport nothing_of_that_name\n")
    error = refused(tmp_path, "print('soon')\nimport other\n")

    expected = "ModuleNotFoundError: No module named 'nothing_of_that_name' (other.py:3)"
    assert error.reason == expected
    assert error.log.startswith("soon\nTraceback")
    assert "declaring.py" not in error.log


def test_syntax_error(tmp_path: Path) -> None:
    """So does a file that is no Python."""
    assert "(p.py, line 2)" in refused(tmp_path, "x = 1\nx = = 2\n").reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ended without plugin.start(...)"),
        ("import sys; sys.exit(3)", "called sys.exit(3) before plugin.start"),
        ("import os; os._exit(4)", "ended with status 4 before plugin.start"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL before plugin.start"),
    ],
)
def test_no_start(tmp_path: Path, text: str, reason: str) -> None:
    """A file that ends without plugin.start says how."""
    assert refused(tmp_path, text).reason == reason


def test_wrong_argument(tmp_path: Path) -> None:
    """What is no PluginConfig is refused where plugin.start is called."""
    text = "from ekuiper import plugin\n\nplugin.start('p')\n"
    assert "takes a PluginConfig" in refused(tmp_path, text).reason
    assert "(p.py:3)" in refused(tmp_path, text).reason


def test_deadline(tmp_path: Path) -> None:
    """A file that hangs is killed, with what it has started."""
    text = (
        "import os, subprocess, sys, threading\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\n"
        "threading.Event().wait()\n"
    )
    error = refused(tmp_path, text, timeout=1.0)

    assert error.reason == "did not reach plugin.start within 1 s; what does it wait for?"
    for pid in (tmp_path / "pids").read_text().split():
        assert gone(int(pid))


def test_children_and_threads_do_not_hold_it(tmp_path: Path) -> None:
    """Threads and processes that the file has started end with it, as soon as all is known."""
    text = (
        "import subprocess, sys, threading\n"
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    assert declare(project(tmp_path, text + PLUGIN), timeout=20.0).name == "p"


def test_in_its_folder(tmp_path: Path) -> None:
    """It runs as __main__ in its own folder, and leaves nothing there."""
    (tmp_path / "near.py").write_text("")
    text = (
        "import near, os, sys\n"
        "assert __name__ == '__main__' and sys.modules['__main__'].near is near\n"
        "assert os.path.samefile(os.getcwd(), os.path.dirname(__file__))\n"
    )
    assert declare(project(tmp_path, text + PLUGIN)).name == "p"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["near.py", "p.py"]


def test_interpreter_that_is_not_there(tmp_path: Path) -> None:
    """An interpreter that cannot be run is named."""
    with pytest.raises(DeclarationError, match="cannot run /nowhere/python"):
        declare(project(tmp_path, PLUGIN), python="/nowhere/python")


def gone(pid: int, timeout: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # init has not looked yet
        except (ProcessLookupError, FileNotFoundError):
            return True
    os.kill(pid, signal.SIGKILL)
    return False
