"""New code under a rule at 1,000 rows a second, on a real eKuiper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .archive import write_archive
from .kuiperd import Kuiperd
from .polling import eventually
from .receiver import Receiver
from .renewal import RENEWED, noted, renew, replaced, save
from .site import Site


class Renewed(Site):
    """The plugin with versions instead."""

    @property
    def script(self) -> Path:
        """As it was installed."""
        return self.host.home / "plugins" / "portable" / self.plugin / "renewed.py"

    def _archive(self, edition: str) -> dict[str, str]:
        text = (RENEWED / "renewed.py").read_text()
        manifest = {
            "name": self.plugin,
            "version": "1.0.0",
            "language": "python",
            "executable": "renewed.py",
            "sources": [self.name("clock")],
            "sinks": [self.name("note")],
            "functions": [self.name("stamp")],
        }
        archive = write_archive(
            self.folder / f"{self.plugin}.zip",
            manifest,
            {"renewed.py": text.replace('MARK = ""', f'MARK = "_{self.mark}"')},
            {self.name("clock"): {"default": {"a": 1}}},
        )
        return {"name": self.plugin, "file": self.rest.upload(archive)}


@pytest.fixture
def renewed(kuiperd: Kuiperd, receiver: Receiver, tmp_path: Path) -> Iterator[Renewed]:
    site = Renewed(kuiperd, kuiperd.new_mark(), receiver, tmp_path)
    site.plugin = site.name("renewed")
    try:
        site.install()
        yield site
    finally:
        site.close()


def test_under_load(renewed: Renewed, capsys: pytest.CaptureFixture[str]) -> None:
    """Three times, with a save that cannot work in between: no row is lost, doubled or shifted, and
    the rule runs on."""
    folder, gaps = renewed.script.parent, []
    stream = renewed.stream(renewed.name("clock"))
    rule = renewed.rule(
        f"SELECT n, emitted, {renewed.name('stamp')}(n) AS s FROM {stream}",
        {renewed.name("note"): {"sendSingle": True}},
    )
    for version in (2, 3, 4):
        before = len(noted(folder))
        eventually(lambda at=before: len(noted(folder)) > at + 500, "rows flow")  # type: ignore[misc]
        save(renewed.script, version, broken=True)
        assert "SyntaxError" in renew("/tmp", renewed.plugin)["error"]
        save(renewed.script, version)
        answer = renew("/tmp", renewed.plugin)
        assert answer["error"] is None
        gaps.append(answer["gap"])
    before = len(noted(folder))
    eventually(lambda: len(noted(folder)) > before + 500, "rows flow on")
    assert rule.status()["status"] == "running"
    rule.stop()
    rows = noted(folder)

    longest = replaced(rows, [1, 2, 3, 4])
    with capsys.disabled():
        told = ", ".join(f"{gap * 1000:.1f}" for gap in gaps)
        pause = f"longest pause {longest * 1000:.0f} ms"
        print(f"\n{len(rows)} rows; handed over in {told} ms; {pause}")
