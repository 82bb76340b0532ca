"""Zip files as every eKuiper takes them."""

from __future__ import annotations

import os
import stat
import zipfile

import pytest

from ekuiper.bundle.archive import Entry, folders_of, refused_name, write_archive
from ekuiper.errors import PackError


def test_folders_come_first_and_parents_before_children(tmp_path):
    """Each with an entry and a mode of its own."""
    write_archive(tmp_path / "a.zip", [Entry("a/b/c/d.py", b"1"), Entry("a/e.py", b"2")])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        modes = [each.external_attr >> 16 for each in archive.infolist()]

    assert names == ["a/", "a/b/", "a/b/c/", "a/b/c/d.py", "a/e.py"]
    assert modes == [stat.S_IFDIR | 0o755] * 3 + [stat.S_IFREG | 0o644] * 2


def test_the_same_content_is_the_same_bytes(tmp_path):
    """Whatever the order, the times and the group's rights of its files."""
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10_000)
    file.chmod(0o600)
    write_archive(tmp_path / "a.zip", [Entry("b", file), Entry("ä", b"1", executable=True)])
    os.utime(file, (1, 1))
    file.chmod(0o664)
    write_archive(tmp_path / "b.zip", [Entry("ä", b"1", executable=True), Entry("b", file)])

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.read("b") == file.read_bytes()
        assert archive.getinfo("ä").external_attr >> 16 == stat.S_IFREG | 0o755
        assert archive.getinfo("ä").flag_bits & 0x800  # UTF-8


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "begins with /"),
        ("a/../b", ".."),
        ("a..b", ".."),
        ("a//b", "empty"),
        ("./a", "'.'"),
        ("a\\b", "backslash"),
        ("a\nb", "control"),
        ("\udcff", "UTF-8"),
        ("x" * 256, "longer"),
    ],
)
def test_names_that_hosts_refuse(tmp_path, name, words):
    """Are told before anything is written."""
    assert words in refused_name(name)
    with pytest.raises(PackError, match=": "):
        write_archive(tmp_path / "a.zip", [Entry(name, b"")])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b")])
def test_one_name_for_two(tmp_path, names):
    """Is refused; a file is no folder either."""
    with pytest.raises(PackError, match=r"a: .*rename yours"):
        write_archive(tmp_path / "a.zip", [Entry(name, b"") for name in names])


def test_what_cannot_be_read_leaves_no_archive(tmp_path):
    """And the one before stays; the error names the file."""
    (tmp_path / "a.zip").write_bytes(b"before")
    with pytest.raises(PackError, match=r"gone: cannot be read"):
        write_archive(tmp_path / "a.zip", [Entry("a", tmp_path / "gone")])
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"before"


def test_only_plain_files_are_replaced(tmp_path):
    """A pipe, or a device such as /dev/null, is neither written into nor put away."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PackError, match=r"pipe: is there, and no plain file"):
        write_archive(tmp_path / "pipe", [Entry("a", b"")])
    assert (tmp_path / "pipe").is_fifo()


def test_one_archive_is_written_by_two(tmp_path):
    """At the same time: the last one is there, as a whole, and nothing beside it."""
    path = tmp_path / "a.zip"

    def meanwhile(done):
        write_archive(path, [Entry("b", b"2")])

    write_archive(path, [Entry("a", b"1")], progress=meanwhile)
    assert zipfile.ZipFile(path).namelist() == ["a"]
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_progress_is_in_bytes_of_content(tmp_path):
    """In steps of a megabyte at most."""
    (tmp_path / "large").write_bytes(bytes(2_500_000))
    steps: list[int] = []
    entries = [Entry("large", tmp_path / "large"), Entry("small", b"abc")]
    write_archive(tmp_path / "a.zip", entries, progress=steps.append)

    assert sum(steps) == sum(entry.size for entry in entries) == 2_500_003
    assert max(steps) <= 1 << 20


def test_folders_of_names():
    """The top folder is none."""
    assert folders_of(["a.py", "b/c.py", "b/d/e.py"]) == ["b/", "b/d/"]
