"""Packs of every kind on a real eKuiper whose Python knows nothing of this SDK."""

import os
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.bundle.pack import Environment, pack
from ekuiper.bundle.project import Project
from ekuiper.errors import PackError

from .kuiperd import Kuiperd
from .polling import eventually
from .receiver import Receiver
from .site import Site

PLUGIN = """
import sys
import ekuiper
from ekuiper import Function, PluginConfig, plugin
from helpers.deep.words import word

class Where(Function):
    def exec(self, args, ctx):
        return {{"ekuiper": ekuiper.__file__, "prefix": sys.prefix, "word": word, "i": args[0]}}

class Norm(Function):
    def exec(self, args, ctx):
        import numpy
        print("numpy", numpy.__version__, "from", numpy.__file__)
        return float(numpy.linalg.norm(numpy.array(args[0], float)))

if __name__ == "__main__":
    print("{name} is at work")
    functions = {{"where_{mark}": Where, "norm_{mark}": Norm}}
    plugin.start(PluginConfig("{name}", functions=functions))
"""

# As `conda run` is: a program that has a shell run the command, and shows what was printed at the
# end. Whoever kills it kills neither the shell nor the command.
CONDA = """#!{python}
import subprocess, sys
verb, option, environment, program, *rest = sys.argv[1:]
assert (verb, option, environment, program) == ("run", "-n", "at_the_edge", {bare!r})
command = ["/bin/sh", "-c", '"$@"; exit $?', "sh", program, *rest]
result = subprocess.run(command, capture_output=True)
sys.stdout.buffer.write(result.stdout)
sys.stderr.buffer.write(result.stderr)
sys.exit(result.returncode)
"""


@pytest.fixture(scope="module")
def bare_host(
    new_kuiperd: Callable[..., Kuiperd], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kuiperd]:
    """An eKuiper whose Python is a virtual environment with nothing in it, beside a `conda`."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "python", with_pip=False)
    bare = str(folder / "python" / "bin" / "python")
    conda = folder / "bin" / "conda"
    conda.parent.mkdir()
    conda.write_text(CONDA.format(python=sys.executable, bare=bare))
    conda.chmod(0o755)
    path = f"{conda.parent}{os.pathsep}{os.environ['PATH']}"
    with new_kuiperd(env={"KUIPER__PORTABLE__PYTHONBIN": bare, "PATH": path}) as host:
        yield host


@pytest.fixture
def place(bare_host: Kuiperd, receiver: Receiver, tmp_path: Path) -> Iterator[Site]:
    site = Site(bare_host, bare_host.new_mark(), receiver, tmp_path)
    try:
        yield site
    finally:
        site.close()


def install(site: Site, kind: str, *requirements: str, name: str = "") -> None:
    """Write a project, pack it, and install it."""
    folder = site.folder / "project"
    (folder / "helpers" / "deep").mkdir(parents=True)
    (folder / "helpers" / "deep" / "words.py").write_text("word = 'täglich'\n")
    (folder / "pyproject.toml").write_text(
        f"[project]\nname = '{site.plugin}'\nversion = '1'\n"
        f"dependencies = {list(requirements)}\n[tool.ekuiper]\n"
    )
    script = PLUGIN.format(mark=site.mark, name=site.plugin)
    (folder / f"{site.plugin}.py").write_text(script)
    try:
        packed = pack(Project.load(folder), environment=Environment(kind, name))
    except PackError as error:
        if "not reachable" in error.reason:
            pytest.skip(f"the package index is needed, and is not reachable: {error.place}")
        raise
    body = {"name": site.plugin, "file": site.rest.upload(packed.path)}
    site.rest.post("/plugins/portables", body)


def update(site: Site, word: str) -> None:
    """Put the project with another word, and return when it runs."""
    folder = site.folder / "project"
    (folder / "helpers" / "deep" / "words.py").write_text(f"word = {word!r}\n")
    packed = pack(Project.load(folder))
    old = set(site.pids())
    body = {"name": site.plugin, "file": site.rest.upload(packed.path)}
    site.rest.put(f"/plugins/portables/{site.plugin}", body)
    eventually(lambda: set(site.pids()) - old, "the new process")


def ask_where(site: Site) -> dict[str, Any]:
    """Where the plugin runs, from a rule that reads it."""
    found: dict[str, Any] = site.ask(f"{site.name('where')}(i)", timeout=30, i=7)
    assert found["i"] == 7
    return found


def word_of(site: Site) -> str:
    return str(ask_where(site)["word"])


def folder_of(site: Site) -> str:
    return str(site.host.home / "plugins" / "portable" / site.plugin)


def test_the_host_needs_nothing_but_python(place: Site) -> None:
    """Our package is in the pack; folders in folders are no matter either."""
    install(place, "host", "ekuiper==2.4.2", "pynng")
    found = ask_where(place)

    assert found["word"] == "täglich"
    assert found["ekuiper"].startswith(f"{folder_of(place)}/lib/")
    assert "runs in one process" not in place.host.log()


def test_a_change_of_one_letter(place: Site) -> None:
    """Counts, though the files in a pack have all the same time, and so many bytes as before: no
    compiled module is left over."""
    install(place, "host")
    assert word_of(place) == "täglich"
    if place.version.mistakes_the_dead:
        pytest.skip("this eKuiper may take the process that it just killed for the new one")
    update(place, "taglich")
    update(place, "taglick")

    eventually(lambda: word_of(place) == "taglick", "the new word", timeout=30.0)


def test_vendored_packages(place: Site) -> None:
    """numpy is in the pack as well."""
    install(place, "vendor", "numpy")

    assert place.ask(f"{place.name('norm')}(v)", v=[3, 4]) == 5.0
    place.host.await_log("numpy", f"from {folder_of(place)}/lib/numpy/")


def test_an_environment_made_on_the_host(place: Site) -> None:
    """Of the wheels in the pack, and the worker runs in it; also when it is installed again."""
    install(place, "venv", "numpy")
    environment = f"{folder_of(place)}/.venv"

    assert ask_where(place)["prefix"] == environment
    assert place.ask(f"{place.name('norm')}(v)", v=[3, 4]) == 5.0
    place.host.await_log("numpy", f"from {environment}/lib/")
    place.host.await_log(f"making {environment}", "of 1 wheel")
    place.host.await_log("unpacking numpy", "1 of 1")
    if not place.version.starts_plugins_at_install:
        return
    at_work = f"{place.plugin} is at work"
    before = place.host.log().count(at_work)
    place.uninstall()
    file = place.rest.upload(place.folder / "project" / "dist" / f"{place.plugin}-1.zip")
    place.rest.post("/plugins/portables", {"name": place.plugin, "file": file})
    # Known functions are asked at once, and the host gives up after five seconds.
    eventually(lambda: place.host.log().count(at_work) > before, "the next worker", timeout=60.0)
    assert place.ask(f"{place.name('norm')}(v)", timeout=30, v=[6, 8]) == 10.0


def test_conda_holds_nothing_back_and_leaves_nothing(place: Site) -> None:
    """What the plugin prints is in the host's log at once, though `conda run` keeps it; and it ends
    when the host ends that."""
    install(place, "conda", name="at_the_edge")
    ask_where(place)

    place.host.await_log(place.plugin, "is at work", timeout=1.0)
    assert len(place.pids()) >= 4  # conda, its shell, supervisor and worker
    place.uninstall()
    eventually(lambda: not place.pids(), "no process of it is left", timeout=5.0)
