"""The environment of a packed plugin, made below a supervisor while its host waits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from tests.bundle.wheels import make_wheel
from tests.runtime.supervision.conftest import Supervised
from tests.runtime.supervision.test_deaths import start_frame
from tests.runtime.test_process import DEADLINE, ask

import ekuiper
from ekuiper.errors import PackError
from ekuiper.runtime.carried import LOCK
from ekuiper.runtime.environment.wheels import digest_of, locked, unpack
from ekuiper.runtime.launcher import text

BODY = """
    def tell(args):
        import one
        return [sys.prefix, one.version, os.getppid()]
    plugin.start(PluginConfig('p', {}, {}, {'echo': echo(tell)}))
"""


@pytest.fixture
def plugin(tmp_path):
    """A plugin as a pack lays it out: a launcher, our package in `lib`, wheels and their lock."""
    made = Supervised(tmp_path, BODY)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ekuiper").symlink_to(Path(ekuiper.__file__).parent)
    (tmp_path / "wheels").mkdir()
    lock(tmp_path, make_wheel(tmp_path / "wheels", "one"))
    made.script = tmp_path / "launch.py"
    made.script.write_text(text("p", "p.py", library="lib", wheels="wheels"))
    yield made
    made.close()


def lock(folder: Path, *wheels: Path) -> None:
    lines = (
        f"{wheel.name.split('-')[0]}==1.0 --hash=sha256:{digest_of(wheel)}" for wheel in wheels
    )
    (folder / "wheels" / LOCK).write_text("# head\n" + "".join(f"{line}\n" for line in lines))


def output_of(plugin) -> str:
    plugin.process.send_signal(signal.SIGTERM)
    return plugin.end()[1]


def test_the_worker_runs_in_it(plugin, tmp_path):
    """Made at the first start, told in the log, and taken as it is by the next worker."""
    function = plugin.hosted().function("echo")
    prefix, version, parent = ask(function, "x")
    assert (prefix, version, parent) == (str(tmp_path / ".venv"), "1.0", plugin.process.pid)

    (worker,) = plugin.workers()
    os.kill(worker, signal.SIGKILL)
    function.recv(DEADLINE)  # the handshake of the next one
    assert ask(function, "x") == [prefix, version, parent]
    output = output_of(plugin)
    assert output.count(f"making {tmp_path}/.venv for Python") == 1
    assert "unpacking one 1.0 (1 of 1)" in output


def test_the_handshake_does_not_wait(plugin, tmp_path):
    """However long it takes; a start is held meanwhile."""
    (tmp_path / "wheels" / LOCK).unlink()
    os.mkfifo(tmp_path / "wheels" / LOCK)
    plugin.hosted()
    plugin.control.send(start_frame("func", "nosuch"))
    other = tmp_path / "other"
    content = f"one==1.0 --hash=sha256:{digest_of(next((tmp_path / 'wheels').glob('*.whl')))}\n"
    other.write_text(content)
    with open(tmp_path / "wheels" / LOCK, "w") as gate:  # waits until it is read
        os.replace(other, tmp_path / "wheels" / LOCK)
        gate.write(content)

    assert b"nosuch" in plugin.control.recv(DEADLINE)
    assert (tmp_path / ".venv").is_dir()


def test_it_is_made_again_when_something_changed(plugin, tmp_path):
    """Here other wheels; what was there goes."""
    function = plugin.hosted().function("echo")
    ask(function, "x")
    output_of(plugin)
    left = tmp_path / ".venv" / "left"
    left.write_text("")
    lock(tmp_path, *(tmp_path / "wheels").glob("*.whl"), make_wheel(tmp_path / "wheels", "two"))
    again = Supervised(tmp_path, BODY, listen=False)
    again.control, again.script = plugin.control, plugin.script
    again.hosted().start("func", "echo")
    assert function.recv(DEADLINE) == b"handshake"
    ask(function, "x")

    assert "2 wheels" in output_of(again)
    assert not left.exists()


def test_what_goes_wrong_is_the_answer(plugin, tmp_path):
    """To the start that waits; and in the log."""
    wheel = next((tmp_path / "wheels").glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"more")
    answer = plugin.hosted().command(start_frame("func", "echo")).decode()

    assert answer.startswith("error: the environment cannot be made: ")
    assert "no wheel beside it is one==1.0 as locked there" in answer
    assert "the environment cannot be made" in output_of(plugin)


def test_it_dies_with_the_supervisor(plugin, tmp_path):
    """The one that makes it, too."""
    (tmp_path / "wheels" / LOCK).unlink()
    os.mkfifo(tmp_path / "wheels" / LOCK)
    plugin.hosted()
    plugin.control.send(start_frame("func", "echo"))
    with open(tmp_path / "wheels" / LOCK, "w"):  # it reads, and so was started
        plugin.process.kill()
        plugin.end()  # all that hold its output have ended


def test_a_named_interpreter_is_started_afresh(plugin):
    """Even if it is this one."""
    (plugin.folder / "one.py").write_text("version = 0\n")
    plugin.script.write_text(text("p", "p.py", interpreter=sys.executable))
    ask(plugin.hosted().function("echo"), "x")
    (worker,) = plugin.workers()

    assert b"\0--worker\0" in Path(f"/proc/{worker}/cmdline").read_bytes()


def test_by_hand_it_runs_there_as_well(plugin, tmp_path):
    """Without a host, and without a supervisor."""
    plugin.script.with_name("p.py").write_text("import one, sys\nprint(sys.prefix, sys.argv[1:])\n")
    result = subprocess.run(
        [sys.executable, plugin.script, "word"], capture_output=True, text=True, timeout=DEADLINE
    )

    assert result.stdout == f"{tmp_path / '.venv'} ['word']\n"
    assert "unpacking one" in result.stderr


def test_another_interpreter_makes_another(plugin, tmp_path):
    """And the same one takes what is there."""
    (tmp_path / "p.py").write_text("import one\n")
    venv.EnvBuilder(symlinks=False).create(tmp_path / "copied")
    copied = tmp_path / "copied" / "bin" / "python"
    given = {**os.environ, "PYTHONPATH": str(tmp_path / "lib")}

    def told(python) -> str:
        command = [python, plugin.script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=given)
        return done.stderr

    python = sys.executable
    assert ["making" in told(each) for each in (python, python, copied)] == [True, False, True]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"machine": "vax"}, "are for Python on vax, and this is"),
        ({"python": "3.1"}, "are for Python 3.1, and this is"),
    ],
)
def test_packages_for_another_machine(plugin, options, words):
    """Are told before the import of one of them fails in its own words."""
    plugin.script.write_text(text("p", "p.py", library="lib", **options))
    answer = plugin.hosted().command(start_frame("func", "echo")).decode()

    assert answer.startswith("error: ImportError: the packages in this pack ")
    assert words in answer


def test_a_vendored_package_is_found_by_the_worker(plugin, tmp_path):
    """And by the processes that it starts."""
    unpack(next((tmp_path / "wheels").glob("*.whl")), tmp_path / "lib", tmp_path / "prefix")
    (tmp_path / "p.py").write_text(
        (tmp_path / "p.py")
        .read_text()
        .replace("[sys.prefix, one.version", "[pool(), one.version")
        .replace(
            "def tell",
            "def version(x):\n    import one\n    return one.version\n"
            "def pool():\n    import multiprocessing\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as workers:\n"
            "        return workers.map(version, [1])[0]\ndef tell",
        )
        .replace("plugin.start", "if __name__ == '__main__': plugin.start")
    )
    plugin.script.write_text(
        "import os, sys\nsys.path.insert(1, os.path.join(os.path.dirname(__file__), 'lib'))\n"
        + text("p", "p.py", library="lib")
    )
    found = ask(plugin.hosted().function("echo"), "x")

    assert found[:2] == ["1.0", "1.0"]


def test_a_vendored_package_is_not_the_authors_code(plugin, tmp_path):
    """A mistake is told at the author's line, wherever it was raised."""
    (tmp_path / "lib" / "ekuiper").unlink()
    shutil.copytree(Path(ekuiper.__file__).parent, tmp_path / "lib" / "ekuiper")
    (tmp_path / "lib" / "ekuiper-3.dist-info").mkdir()
    (tmp_path / "lib" / "broken.py").write_text("raise ValueError('no')\n")
    script = (tmp_path / "p.py").read_text().replace("plugin.start", "import broken\nplugin.start")
    (tmp_path / "p.py").write_text(script)
    line = script.splitlines().index("import broken") + 1
    plugin.script.write_text(
        "import os, sys\nsys.path.insert(1, os.path.join(os.path.dirname(__file__), 'lib'))\n"
        + text("p", "p.py", library="lib")
    )
    answer = plugin.hosted().command(start_frame("func", "echo")).decode()

    assert answer == f"error: ValueError: no (p.py:{line})"


def test_unpacking(tmp_path):
    """Programs stay programs, and what belongs elsewhere goes there."""
    wheel = make_wheel(
        tmp_path,
        "one",
        files={
            "one-1.0.data/scripts/tool": b"#!python\nprint(1)\n",
            "one-1.0.data/purelib/more.py": b"",
            "one-1.0.data/data/share/x": b"x",
            "one-1.0.data/headers/one.h": b"",
        },
    )
    unpack(wheel, tmp_path / "lib", tmp_path / "prefix", "/py")

    tool = tmp_path / "prefix" / "bin" / "tool"
    assert tool.read_text() == "#!/py\nprint(1)\n"
    assert os.access(tool, os.X_OK)
    assert (tmp_path / "prefix" / "share" / "x").read_text() == "x"
    assert (tmp_path / "lib" / "more.py").exists()
    assert not list(tmp_path.rglob("one.h"))


def test_what_is_no_wheel(tmp_path):
    """Or leads out of its folder, or is not the one that was locked."""
    bad = make_wheel(tmp_path, "bad")
    bad.write_bytes(b"PK nonsense")
    with pytest.raises(PackError, match="broken wheel"):
        unpack(bad, tmp_path / "lib", tmp_path)
    (tmp_path / LOCK).write_text(f"gone==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackError, match=r"gone==1\.0"):
        locked(tmp_path)
