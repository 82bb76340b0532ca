"""The image of packaging/docker, laid out in a folder and run by a real eKuiper."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..packaging.context import make_context
from ..packaging.recipe import Image, build, command_of
from .kuiperd import Kuiperd, parent_of
from .polling import eventually
from .receiver import Receiver
from .site import Question, Site


class Container(Kuiperd):
    """An eKuiper whose home and environment are those of the image, here."""

    image: Image

    @property
    def mark(self) -> str:
        """In the names of the plugin and its symbols."""
        return self._mark

    def _make_home(self) -> None:
        work = Path(self._folder.name)
        context = make_context(work, self._mark)
        self.image = build(context, self._binary.parent.parent, work / "built")
        self.home = self.image.path(self.image.environment["KuiperBaseKey"])
        self._env = self.image.variables

    def health(self) -> tuple[int, str]:
        """What the health check says."""
        port = self.rest.name.rpartition(":")[2]
        command = command_of(self.image.settings["HEALTHCHECK"])
        done = self.image.run(command, KUIPER__BASIC__RESTPORT=port)
        return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def container(kuiperd_binary: Path, mark: str) -> Iterator[Container]:
    with Container(kuiperd_binary, f"{mark}i") as running:
        yield running


@pytest.fixture
def place(container: Container, receiver: Receiver, tmp_path: Path) -> Iterator[Site]:
    site = Site(container, container.mark, receiver, tmp_path)
    try:
        yield site
    finally:
        site.close()


def test_its_plugin_is_there_and_answers(place: Site, container: Container) -> None:
    """Without an install, in the Python of the image; its source has the settings it came with."""
    name = f"image_{place.mark}"
    listed = [each["name"] for each in container.rest.get("/plugins/portables")]

    assert listed == [name]
    with Question(place, f"{place.name('double')}(i)") as question:
        assert question.ask(i=21) == 42
        told = container.await_log("Python", str(container.image.python.parent.parent))
    assert told
    rule = place.rule(f"SELECT n FROM {place.stream(place.name('count'))}")
    assert [each["n"] for each in rule.results(4)][:4] == [0, 1, 2, 0]


def test_its_health_is_that_of_the_plugin(place: Site, container: Container) -> None:
    """From eKuiper 2 on, which tells of a plugin that has ended; on 1 that of eKuiper."""
    assert eventually(lambda: container.health()[0] == 0, "the container is healthy")
    if not container.version.starts_plugins_at_install:
        return
    pids = container.plugin_pids()
    (pid,) = (pid for pid in pids if parent_of(pid) not in pids)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: container.health()[0] == 1, "the container is not healthy")
    assert f"plugin image_{place.mark}: error signal: killed" in container.health()[1]


def test_streams_are_in_the_volume(place: Site, container: Container) -> None:
    """So they are there when another container takes its place."""
    place.stream(place.name("count"))
    (volume,) = container.image.settings["VOLUME"].split()

    assert container.image.path(volume) == container.home / "data"
    assert any(path.suffix == ".db" for path in (container.home / "data").iterdir())
