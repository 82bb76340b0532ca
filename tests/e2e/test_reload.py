"""New code under a rule at 1,000 rows a second, on the embedded host."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from ekuiper.host.embedded import Host, Pipeline, Settings

from .polling import eventually
from .renewal import RENEWED, flows, noted, renew, replaced, save

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a supervisor needs Linux")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RENEWED, tmp_path / "renewed"))


@pytest.mark.parametrize("profile", ["1.14", "2.4"])
def test_under_load(folder, tmp_path, profile, capsys):
    """Three times, with a save that cannot work in between: no row is lost, doubled or shifted."""
    settings = Settings.profile(profile, discard_when_full=False)  # a slow host loses none either
    with (
        Host(folder, settings=settings, directory=tmp_path) as host,
        Pipeline(host, source="clock", functions=["stamp(n) as s"], sinks=["note"], confirm=False),
    ):
        gaps, at = [], 0
        for version in (2, 3, 4):
            at = eventually(lambda old=version - 1, at=at: flows(folder, old, at), "rows flow")
            save(folder / "renewed.py", version, broken=True)
            assert "SyntaxError" in renew(str(tmp_path), "renewed")["error"]
            save(folder / "renewed.py", version)
            answer = renew(str(tmp_path), "renewed")
            assert answer["error"] is None
            gaps.append(answer["gap"])
        eventually(lambda: flows(folder, 4, at), "rows flow on")
        rows = noted(folder)

    longest = replaced(rows, [1, 2, 3, 4])
    with capsys.disabled():
        told = ", ".join(f"{gap * 1000:.1f}" for gap in gaps)
        print(
            f"\n{len(rows)} rows; handed over in {told} ms; longest pause {longest * 1000:.0f} ms"
        )


def test_by_nng(folder, tmp_path):
    """Its connections are closed and opened anew: no answer is shifted, and rows go on."""
    pytest.importorskip("pynng", reason="needs pynng: pip install 'ekuiper[nng]'")
    env = {"EKUIPER_TRANSPORT": "nng"}
    with (
        Host(folder, directory=tmp_path, env=env) as host,
        Pipeline(host, source="clock", functions=["stamp(n) as s"], sinks=["note"], confirm=False),
    ):
        for version in (2, 3):
            before = len(noted(folder))
            eventually(lambda at=before: len(noted(folder)) > at + 200, "rows flow")
            save(folder / "renewed.py", version)
            assert renew(str(tmp_path), "renewed")["error"] is None
        eventually(lambda: noted(folder)[-1].stamped == 3, "new code")
        rows = noted(folder)

    assert [row.asked for row in rows] == [row.number for row in rows]
    numbers = [row.number for row in rows]
    assert numbers == sorted(numbers)
