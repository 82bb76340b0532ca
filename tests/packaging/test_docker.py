"""The image, built in folders, and the files beside its Dockerfile."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from ekuiper.bundle.wheel import own_version

from .context import make_context
from .recipe import DOCKER, Image, build, command_of, parse

MARK = "d0ck"
NAME = f"image_{MARK}"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Of an eKuiper that has only settings."""
    folder = tmp_path_factory.mktemp("docker")
    (folder / "release" / "etc" / "sources").mkdir(parents=True)
    (folder / "release" / "etc" / "kuiper.yaml").write_text("basic:\n  restPort: 9081\n")
    return build(make_context(folder, MARK), folder / "release", folder / "built")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    return found


def test_the_plugin_is_where_ekuiper_looks_for_it(image: Image) -> None:
    """Settings of its source among those of eKuiper, which are there, too."""
    home = image.path(image.environment["KuiperBaseKey"])
    plugin = home / "plugins" / "portable" / NAME

    manifest = json.loads((plugin / f"{NAME}.json").read_text())
    assert (plugin / manifest["executable"]).is_file()
    assert manifest["sources"] == [f"count_{MARK}"]
    assert "top: 3" in (home / "etc" / "sources" / f"count_{MARK}.yaml").read_text()
    assert (home / "etc" / "kuiper.yaml").is_file()
    assert not (plugin / "sources").exists()
    for folder in ("data/uploads", "log", "plugins/sources", "plugins/sinks", "plugins/functions"):
        assert (home / folder).is_dir()


def test_this_sdk_takes_the_place_of_the_official_package(image: Image) -> None:
    """Nothing of that is left."""
    code = (
        "import importlib.metadata as m, importlib.util as u;"
        "print(m.version('ekuiper'), u.find_spec('ekuiper.official'))"
    )
    done = image.run(["python", "-I", "-c", code])

    assert (done.stdout.split(), done.stderr) == ([own_version(), "None"], "")
    assert image.run(["python", "-m", "ekuiper", "status", "--json"]).returncode == 0


def test_nothing_runs_as_root(image: Image) -> None:
    """A number, so that it can be told from outside that it is not root; its home is its own."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.settings["USER"])
    owners = re.findall(r"--chown=(\S+)", (DOCKER / "Dockerfile").read_text())
    assert owners == [image.settings["USER"]]


def test_an_image_that_is_not_well_says_why(image: Image) -> None:
    """By the health check, whose last words Docker keeps."""
    command = command_of(image.settings["HEALTHCHECK"])
    done = image.run(command, KUIPER__BASIC__RESTPORT="9")

    assert done.returncode == 1
    assert "eKuiper does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_compose_and_dockerfile_agree(image: Image) -> None:
    """On the volume, the port and the health check; sockets are in memory."""
    service = compose()["services"]["ekuiper"]

    (volume,) = service["volumes"]
    name, _, place = volume.partition(":")
    assert (place, list(compose()["volumes"])) == (image.settings["VOLUME"], [name])
    assert place.startswith(image.environment["KuiperBaseKey"])
    assert [port.split(":")[-1] for port in service["ports"]] == [image.settings["EXPOSE"]]
    assert service["healthcheck"]["test"] == ["CMD", *command_of(image.settings["HEALTHCHECK"])]
    assert "/tmp" in service["tmpfs"]


def test_no_registry_is_named() -> None:
    """Images are those of whatever registry is set."""
    froms = [rest for word, rest in parse((DOCKER / "Dockerfile").read_text()) if word == "FROM"]

    assert {each.split()[0] for each in froms} == {"lfedge/ekuiper:${EKUIPER}-slim-python"}
    for file in DOCKER.parent.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            assert not re.search(r"\b(docker\.io|ghcr\.io|quay\.io|pypi\.org)\b", file.read_text())


def zipped(folder: Path, name: str, files: dict[str, str]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no zip"),
        ({"a.zip": {"readme.txt": ""}}, "no <plugin>.json at its root"),
        ({"a.zip": {"w/w.json": '{"executable": "w.py"}'}}, "no <plugin>.json at its root"),
        ({"a.zip": {"w.json": '{"executable": "w.py"}', "install.sh": ""}}, "install.sh is not"),
        ({"a.zip": {"w.json": '{"executable": "w.py"}', "../x": ""}}, "leaves the plugin's folder"),
        ({"a.zip": {"w.json": "{"}}, "Expecting property name"),
        (
            {name: {"w.json": '{"executable": "w.py"}'} for name in ("a.zip", "b.zip")},
            "b.zip: there is a plugin w already",
        ),
    ],
)
def test_what_cannot_be_laid_out_is_told(
    tmp_path: Path, files: dict[str, dict[str, str]], words: str
) -> None:
    """The build ends there, with a line that says why."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "etc").mkdir()
    for name, contents in files.items():
        zipped(tmp_path / "plugins", name, contents)
    options = ["--etc", tmp_path / "etc", "--home", tmp_path / "home", tmp_path / "plugins"]
    done = subprocess.run(
        [sys.executable, DOCKER / "lay_out.py", *options], capture_output=True, text=True
    )

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_zip_is_told(tmp_path: Path) -> None:
    """As one that is none."""
    lay_out = runpy.run_path(str(DOCKER / "lay_out.py"))["lay_out"]
    (tmp_path / "etc").mkdir()
    (tmp_path / "a.zip").write_text("no zip")

    with pytest.raises(zipfile.BadZipFile):
        lay_out(tmp_path / "etc", tmp_path / "home", [tmp_path / "a.zip"])
