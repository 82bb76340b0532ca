"""`--json` of all verbs: standard output holds JSON and nothing else, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ran

Command = Callable[..., Ran]
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["new", "class"], 2),
        (["add", "function", "f"], 1),
        (["check", "nothing-there"], 2),
        (["check", "--target", NOWHERE], 1),
        (["pack"], 1),
        (["deploy", "--to", NOWHERE], 1),
        (["deploy", "--to", NOWHERE, "--env", "nix"], 2),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, list) else "",
)
def test_errors_are_objects(command: Command, tmp_path: Path, words: list[str], code: int) -> None:
    """With one key; standard error has the line for people."""
    ran = command(*words, "--json", cwd=tmp_path)
    assert ran.code == code
    (found,) = ran.objects
    assert list(found) == ["error"]
    assert found["error"] in ran.err.replace("Error: ", "")


def test_lines_are_none_without_rows(command: Command, tmp_path: Path) -> None:
    """What prints a line for each row or entry prints none for an error."""
    ran = command("logs", "--file", tmp_path / "gone", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "gone" in ran.err


def test_any_encoding(command: Command, tmp_path: Path) -> None:
    """What the output cannot hold is escaped, not replaced."""
    folder = tmp_path / "wörter"
    folder.mkdir()
    ran = command("check", "wörter", "--json", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert ran.out.isascii()
    assert json.loads(ran.out)["path"] == "wörter"
