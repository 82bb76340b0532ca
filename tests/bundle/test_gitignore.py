"""Patterns of `.gitignore`, held against git itself."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekuiper.bundle.gitignore import Ignored, patterns_in, read_patterns

PATHS = ["a", "b", "ab", "a.b", "a/b", "b/a", "a/a/b", "b/ab/a", "a/b/ab/b.a", "x/a b/[a]"]

# "**" only between slashes: in `b**/a` git takes it for itself or for two, as the letters before it
# are plain or not.
pieces = st.sampled_from(["a", "b", "ab", "*", "?", "[ab]", "[!a]", ".", "\\*", " ", "!"])
segments = st.just("**") | st.lists(pieces, max_size=3).map("".join).filter(
    lambda each: "**" not in each
)
lines = st.lists(st.lists(segments, max_size=4).map("/".join), max_size=4)


def ignored(patterns: list[str], path: str) -> bool:
    """Whether a walk from the top would not come to the file, or leave it."""
    told = Ignored()
    told.add("", read_patterns(patterns))
    parts = path.split("/")
    folders = ["/".join(parts[: at + 1]) for at in range(len(parts) - 1)]
    return any(told.match(each, folder=True) for each in folders) or bool(
        told.match(path, folder=False)
    )


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.py", ["a.py", "b/c.py"], ["a.pyc"]),
        ("/a.py", ["a.py"], ["b/a.py"]),
        ("b/", ["b/a"], ["b"]),
        ("doc/*.txt", ["doc/a.txt"], ["doc/b/a.txt", "x/doc/a.txt"]),
        ("**/b/c", ["b/c", "a/b/c"], ["b/d"]),
        ("a/**", ["a/b", "a/b/c"], ["a"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["z"]),
        ("[a-c].x", ["b.x"], ["d.x"]),
        ("# a", [], ["# a"]),
        ("\\#a", ["#a"], []),
        ("a  ", ["a"], []),
    ],
)
def test_patterns(pattern, matching, other):
    """As in the manual of git."""
    assert all(ignored([pattern], path) for path in matching)
    assert not any(ignored([pattern], path) for path in other)


def test_a_later_line_takes_back(tmp_path):
    """And a folder's own file goes before those above it."""
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".gitignore").write_text("!a.log\nkeep.log\n")
    told = Ignored()
    told.add("", patterns_in(tmp_path))
    told.add("sub/", patterns_in(tmp_path / "sub"))

    assert [told.match(each, folder=False) for each in ("a.log", "keep.log")] == ["*.log", ""]
    assert told.match("sub/a.log", folder=False) == ""
    assert told.match("sub/keep.log", folder=False) == "keep.log"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    if shutil.which("git") is None:
        pytest.skip("there is no git to compare with")
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@settings(max_examples=60, deadline=None)
@given(patterns=lines)
def test_as_git(repository, patterns):
    """Whatever is in the file."""
    (repository / ".gitignore").write_text("\n".join(patterns) + "\n")
    command = ["git", "-C", str(repository), "check-ignore", "--no-index", "--stdin"]
    result = subprocess.run(command, input="\n".join(PATHS), capture_output=True, text=True)
    by_git = set(result.stdout.splitlines())

    assert {path for path in PATHS if ignored(patterns, path)} == by_git
