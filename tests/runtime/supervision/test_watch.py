"""Files are looked at: which were saved since a worker has read them."""

from __future__ import annotations

import os

import pytest

from ekuiper.runtime.supervision.watch import EVERY, Watch


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "p.py"
    file.write_text("a = 1")
    os.utime(file, (100, 100))
    return file


@pytest.fixture
def watch(file):
    watch = Watch()
    watch.read([str(file)], since=200.0)
    watch.turn(0.0, on=True)
    return watch


def test_looks_once_a_second_while_it_is_on(watch):
    """And not at all else: an idle supervisor sleeps."""
    assert watch.deadline == EVERY
    watch.turn(0.5, on=True)
    assert watch.deadline == EVERY
    watch.turn(0.5, on=False)
    assert watch.deadline is None


@pytest.mark.parametrize("how", ["content", "time", "gone"])
def test_a_save_is_told_once(watch, file, how):
    """Another size or time, or no file any more."""
    assert watch.look(EVERY) is None
    if how == "content":
        file.write_text("a = 12")
        os.utime(file, (100, 100))
    elif how == "time":
        os.utime(file, (101, 101))
    else:
        file.unlink()

    assert watch.look(EVERY) is None  # too early
    assert watch.look(2 * EVERY) == "p.py"
    assert watch.look(3 * EVERY) is None


def test_a_file_that_was_saved_while_it_was_read_counts(file):
    """Whoever read it may have read the old one."""
    watch = Watch()
    os.utime(file, (201, 201))
    watch.read([str(file)], since=200.0)
    watch.turn(0.0, on=True)

    assert watch.look(EVERY) == "p.py"


def test_what_a_failed_worker_has_read_counts_too(watch, file, tmp_path):
    """Beside what the one that serves has."""
    other = tmp_path / "q.py"
    other.write_text("")
    os.utime(other, (100, 100))
    watch.read([str(other)], since=200.0)
    os.utime(other, (101, 101))
    assert watch.look(EVERY) == "q.py"
    os.utime(file, (101, 101))

    assert watch.look(2 * EVERY) == "p.py"


def test_nothing_was_read(tmp_path):
    """Then there is nothing to look at."""
    watch = Watch()
    watch.turn(0.0, on=True)

    assert watch.deadline is None
