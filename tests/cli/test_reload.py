"""`ekuiper reload`, with real plugins."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekuiper.host.embedded import Host

from .conftest import RIG, Ran
from .test_status import await_status, without_extras

Run = Callable[..., Ran]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="a supervisor, which reloads, needs Linux"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A plugin that may be changed."""
    return Path(shutil.copytree(RIG, tmp_path / "rig"))


@pytest.fixture
def host(project: Path, tmp_path: Path) -> Iterator[Host]:
    """Runs it; sockets are in the folder above."""
    with Host(project, directory=tmp_path) as host:
        host.function("double")
        await_status(tmp_path, lambda found: found["state"] == "serving")
        yield host


def change(project: Path, old: str, new: str) -> None:
    script = project / "rig.py"
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


def test_goes_on_with_the_code_that_is_saved(
    host: Host, project: Path, tmp_path: Path, command: Run
) -> None:
    """And says how long that took."""
    assert host.function("double").exec(4) == 8
    change(project, "args[0] * 2", "args[0] * 3")
    ran = command("reload", EKUIPER_SOCKET_DIR=str(tmp_path))

    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(
        r"rig: reloaded in [\d.]+ s, worker 2, handed over in [\d.]+ [mµ]?s\n", ran.out
    )
    assert host.function("double").exec(4) == 12


def test_a_failure_is_told(host: Host, project: Path, tmp_path: Path, command: Run) -> None:
    """The old code goes on; the exit status is 1, and `status` tells the reason too."""
    change(project, "import", "import torhc, ")
    ran = command("reload", "rig", EKUIPER_SOCKET_DIR=str(tmp_path))
    shown = command("status", EKUIPER_SOCKET_DIR=str(tmp_path))

    assert ran.code == 1
    assert ran.out.startswith("rig: not reloaded: ModuleNotFoundError: No module named 'torhc' (")
    assert ran.out.endswith("; worker 1 goes on\n")
    assert host.function("double").exec(4) == 8
    assert "not reloaded " in shown.out
    assert "No module named 'torhc'" in shown.out


def test_json(host: Host, tmp_path: Path, command: Run) -> None:
    """One array; a name that nobody has is a failure of its own."""
    ran = command("reload", "rog", "rig", "--json", EKUIPER_SOCKET_DIR=str(tmp_path))
    missing, reloaded = json.loads(ran.out)

    assert ran.code == 1
    assert (missing["plugin"], missing["generation"]) == ("rog", None)
    assert missing["error"] == "no such plugin runs here (those that do: rig)"
    assert (reloaded["plugin"], reloaded["generation"], reloaded["error"]) == ("rig", 2, None)
    assert 0 < reloaded["gap"] < reloaded["seconds"]


def test_nobody_to_reload(tmp_path: Path, command: Run) -> None:
    """A failure, and where was looked."""
    ran = command("reload", EKUIPER_SOCKET_DIR=str(tmp_path))

    assert (ran.code, ran.out) == (1, "")
    assert f"(looked in {tmp_path})" in ran.err


def test_works_without_click_and_rich(host: Host, tmp_path: Path) -> None:
    """On a device: the same, help, and a wrong option."""
    ran = without_extras(tmp_path, "reload", "rig")
    told, wrong = without_extras(tmp_path, "reload", "-h"), without_extras(tmp_path, "reload", "-x")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("rig: reloaded in ")
    assert (told.code, wrong.code) == (0, 2)
    assert told.out.startswith("Usage: ekuiper reload [--json] [NAME]...")
    assert "there is no option -x" in wrong.err
