"""Folders that last as long as their process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ekuiper.host.scratch import scratch

KEEPER = """
import sys
from ekuiper.host.scratch import scratch

with scratch("run", sys.argv[1]) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def keeper(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process with a folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_removed_at_the_end(tmp_path: Path) -> None:
    """With all that is in it; nobody else may look into it meanwhile."""
    with scratch("run", str(tmp_path)) as folder:
        Path(folder, "plugin.log").write_text("x")
        assert Path(folder).parent == tmp_path
        assert os.stat(folder).st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Those of others that live, of another purpose, and what is no folder stay."""
    other = tmp_path / "ekuiper-bench-abcdefgh"
    other.mkdir()
    file = tmp_path / "ekuiper-run-notes"
    file.touch()
    link = tmp_path / "ekuiper-run-link"
    link.symlink_to(other)
    (killed, left), (alive, used) = keeper(tmp_path), keeper(tmp_path)
    with killed, alive:
        (left / "plugin.log").write_text("x")
        killed.kill()
        killed.wait()
        assert left.exists()
        with scratch("run", str(tmp_path)) as folder:
            assert not left.exists()
            assert sorted(tmp_path.iterdir()) == sorted([other, file, link, used, Path(folder)])
    assert sorted(tmp_path.iterdir()) == sorted([other, file, link])
