"""`ekuiper pack`."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest

from ekuiper.bundle.planning import Environment
from ekuiper.cli.shared.environments import EnvironmentCommand, environment_of, environment_options

SCRIPT = """\
from ekuiper import Function, PluginConfig, plugin
class Echo(Function):
    def exec(self, args, ctx): return args[0]
if __name__ == "__main__":
    plugin.start(PluginConfig("p", functions={"echo": Echo}))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "p.py").write_text(SCRIPT)
    (tmp_path / ".env").write_text("PASSWORD=1")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'p'\nversion = '1.0'\ndependencies = ['nosuch-thing']\n[tool.ekuiper]\n"
    )
    return tmp_path


def test_it_says_what_it_made(command, folder):
    """The file, its parts, what was left out, what the host must have."""
    done = command("pack", folder)

    assert done.code == 0
    assert f"packed p 1.0 into {folder / 'dist' / 'p-1.0.zip'}" in done.out
    assert "lib/ekuiper  " in done.out
    assert "left out as secret: .env" in done.out
    assert "eKuiper's Python must have nosuch-thing" in done.out
    with zipfile.ZipFile(folder / "dist" / "p-1.0.zip") as archive:
        assert archive.testzip() is None


def test_json(command, folder):
    """One object, and nothing else."""
    done = command("pack", folder, "--json", "--out", folder / "x.zip")
    (told,) = done.objects

    assert done.code == 0
    assert told["path"] == str(folder / "x.zip")
    assert told["sha256"] == hashlib.sha256((folder / "x.zip").read_bytes()).hexdigest()
    assert told["size"] == (folder / "x.zip").stat().st_size
    assert {"name": ".env", "kind": "secret"} in told["left_out"]
    assert "p.py" in [each["name"] for each in told["files"]]
    assert (told["plugin"], told["executable"]) == ("p", "ekuiper_launch.py")


def test_a_list_writes_nothing(command, folder):
    """But shows every file with its size."""
    done = command("pack", folder, "--list")

    assert done.code == 0
    assert "p.py" in done.out
    assert "nothing was written" in done.out
    assert not (folder / "dist").exists()


def test_conda(command, folder):
    """Its name is a word of its own."""
    done = command("pack", folder, "--env", "conda", "edge", "--json")

    assert done.code == 0
    with zipfile.ZipFile(folder / "dist" / "p-1.0.zip") as archive:
        manifest = json.loads(archive.read("p.json"))
    assert (manifest["virtualEnvType"], manifest["env"]) == ("conda", "edge")


def test_a_package_without_a_wheel(command, folder):
    """Is told in a line with the package and the platform; no zip is left."""
    done = command(
        *("pack", folder, "--env", "vendor", "--platform", "linux_armv7", "--python", "3.12"),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS="",
        UV_OFFLINE="1",
    )

    assert done.code == 1
    assert "Error: nosuch-thing: has no wheel for Python 3.12 on linux_armv7l" in done.err
    assert not list(folder.glob("dist/*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--env", "docker"], "there are host, vendor, venv, conda"),
        (["--env", "conda"], "needs the name of an environment"),
        (["--env", "conda", "--json"], "needs the name of an environment"),
        (["--platform", "win32"], "is no platform of eKuiper"),
        (["--python", "two"], "is no version of Python 3"),
        (["--plain", "--json"], "exclude each other"),
    ],
)
def test_called_wrongly(command, folder, words, told):
    """Exit status 2."""
    done = command("pack", folder, *words)

    assert done.code == 2
    assert told in done.err


def test_no_plugin_there(command, tmp_path):
    """Exit status 1."""
    done = command("pack", tmp_path)

    assert done.code == 1
    assert "holds no <name>.json" in done.err


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        ([], "host", ""),
        (["--env", "venv"], "venv", ""),
        (["--env=conda", "x"], "conda", "x"),
        (["--env", "conda:x"], "conda", "x"),
        (["--env", "conda", "x", "conda"], "conda", "x"),
    ],
)
def test_ways_to_write_it(words, kind, name):
    """The folder may come before or after."""

    @environment_options
    def verb(folder, env, platform, python):
        pass

    click = pytest.importorskip("click")
    made = click.command(cls=EnvironmentCommand)(click.argument("folder", required=False)(verb))
    context = made.make_context("verb", list(words))
    found = environment_of(**{k: v for k, v in context.params.items() if k != "folder"})

    assert isinstance(found, Environment)
    assert (found.kind, found.name) == (kind, name)
    assert context.params["folder"] == ("conda" if words[-1:] == ["conda"] else None)
