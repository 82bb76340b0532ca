"""Files of a project are written all, or none."""

from pathlib import Path

import click
import pytest

from ekuiper.cli.scaffold.writing import write_files


def test_writing_and_undoing(tmp_path: Path) -> None:
    """New folders are made, old files written over; undone, all is as it was."""
    (tmp_path / "old.txt").write_text("before")
    undo = write_files(tmp_path, {"old.txt": "after", "a/b/new.txt": "x\n"})

    assert (tmp_path / "old.txt").read_text() == "after"
    assert (tmp_path / "a" / "b" / "new.txt").read_bytes() == b"x\n"
    undo()
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert (tmp_path / "old.txt").read_text() == "before"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Its file is named, and as it was: new text takes the place of a file, whole or not at all."""
    (tmp_path / "old.txt").write_text("before")
    (tmp_path / "old.txt").chmod(0o755)
    write_files(tmp_path, {"old.txt": "after"})
    assert (tmp_path / "old.txt").stat().st_mode & 0o777 == 0o755

    (tmp_path / "new.txt").symlink_to("/proc/self/nothing/there")
    with pytest.raises(click.ClickException, match=r"nothing written"):
        write_files(tmp_path, {"old.txt": "again", "new.txt": ""})
    assert (tmp_path / "old.txt").read_text() == "after"


def test_a_failure_in_between(tmp_path: Path) -> None:
    """What was written before the file that cannot be is taken back, and that one is named."""
    (tmp_path / "old.txt").write_text("before")
    with pytest.raises(click.ClickException, match=r"Not a directory: .*old\.txt"):
        write_files(tmp_path, {"a/new.txt": "", "old.txt": "after", "old.txt/b.txt": ""})

    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert (tmp_path / "old.txt").read_text() == "before"
