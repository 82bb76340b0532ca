"""From nothing to a rule on a real eKuiper, with the command alone: new, check, deploy, try."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .kuiperd import Kuiperd
from .receiver import Receiver
from .site import Question, Site
from .test_kuiperd_deploy import COMMAND


class Author:
    """Somebody at a shell, in a project."""

    def __init__(self, kuiperd: Kuiperd, name: str, folder: Path) -> None:
        self.name = name
        self.kuiperd = kuiperd
        self.project = folder / name
        self._folder = folder

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run `ekuiper …`, which must end so; what it printed."""
        here = self.project if self.project.is_dir() else self._folder
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=150,
            env={**os.environ, "XDG_STATE_HOME": str(self._folder / "state")},
            check=False,
        )
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def deploy(self, *arguments: str, code: int = 0) -> str:
        return self("deploy", "--to", self.kuiperd.rest.place.url, *arguments, code=code)

    def edit(self, old: str, new: str) -> None:
        """Change the plugin file."""
        script = self.project / f"{self.name}.py"
        text = script.read_text("utf-8")
        assert old in text
        script.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def author(kuiperd_with: Callable[[str], Kuiperd], tmp_path: Path) -> Iterator[Author]:
    kuiperd = kuiperd_with("ipc")
    author = Author(kuiperd, f"ship_{kuiperd.new_mark()}", tmp_path)
    yield author
    author("undeploy", author.name, "--force", "--to", kuiperd.rest.place.url)


@pytest.fixture
def site(author: Author, receiver: Receiver, tmp_path: Path) -> Iterator[Site]:
    """For rules; its own plugin is not installed."""
    running = Site(author.kuiperd, author.kuiperd.new_mark(), receiver, tmp_path)
    yield running
    running.close()


def test_from_nothing_to_a_rule_and_on(author: Author, site: Site) -> None:
    """A new project is checked, deployed and used by a rule; a change reaches the rule; a broken
    one does not, and the rule answers on, though nobody touched it."""
    author("new", author.name)
    author("check")
    author.deploy()
    rows = author("try", author.name, "--to", author.kuiperd.rest.place.url, "--json")
    assert json.loads(rows.splitlines()[0])[f"{author.name}_value"] == 41.0
    with Question(site, f"{author.name}(n)") as question:
        assert question.ask() == 2
        author.edit("value * 2", "value * 3")
        author.deploy()
        assert question.ask(timeout=30) == 6

        author.edit("value * 3", "value * 3 +")
        assert "SyntaxError" in author.deploy(code=1)
        assert question.ask() == 9
        author.edit("value * 3 +", "value * 5")
        author.edit("from typing", "import sys\nassert len(sys.argv) < 2, 'broken'\nfrom typing")
        told = author.deploy("--wait", "15s", code=1)
        assert "the host is as it was" in told
        if author.kuiperd.version.ends_itself:
            assert "its code fails there: AssertionError: broken" in " ".join(told.split())
        else:
            assert "was put back and answers" in told
        assert question.ask(timeout=30) == 12
        assert question.rule.status()["status"] == "running"


def test_a_slow_import(author: Author, site: Site) -> None:
    """A plugin that imports for seconds is waited for as long as it is said, and no longer."""
    author("new", author.name)
    author("deploy", "--to", author.kuiperd.rest.place.url)
    author.edit("from typing", "import time\ntime.sleep(8)\nfrom typing")
    with Question(site, f"{author.name}(n)") as question:
        assert question.ask() == 2
        assert "was put back and answers" in author.deploy("--wait", "3s", code=1)
        assert question.ask(timeout=30) == 4
        author.edit("value * 2", "value * 3")
        author.deploy("--wait", "60s")
        assert question.ask(timeout=30) == 9
