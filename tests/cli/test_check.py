"""`ekuiper check`, as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ..bundle.checks.broken import BROKEN, Broken
from ..bundle.checks.drafts import Draft
from .conftest import Ran

Run = Callable[..., Ran]

EXAMPLE = Path(__file__).parents[2] / "example" / "mirror"


def broken(name: str) -> Broken:
    return next(each for each in BROKEN if each.name == name)


def test_a_good_plugin(command: Run) -> None:
    """Nothing to complain of: one line, exit 0; here by the folder that one is in."""
    ran = command("check", cwd=EXAMPLE)

    assert (ran.code, ran.out, ran.err) == (0, "plugin mirror: nothing to complain of\n", "")


def test_a_broken_plugin(command: Run, tmp_path: Path) -> None:
    """Each finding with severity, id, place, reason and fix; errors first; exit 1."""
    _, path = broken("no yaml").build(tmp_path, "zip")
    ran = command("check", path)

    assert ran.code == 1
    assert ran.out.splitlines() == [
        "error missing-yaml  sources/s.yaml",
        "  is not there",
        "  fix: Add sources/s.yaml; the one line default: is enough.",
        "",
        "warning import-on-host  main.py:1",
        "  the zip does not carry ekuiper, so that the host's Python must have it",
        "  fix: Make the zip with ekuiper pack.",
        "",
        "plugin probe: 1 error, 1 warning",
    ]


def test_json(command: Run, tmp_path: Path) -> None:
    """One object, with the same facts as fields."""
    _, path = broken("nested folder without entries").build(tmp_path, "zip")
    ran = command("check", "--json", path)
    told = json.loads(ran.out)

    assert ran.code == 1
    assert (told["plugin"], told["errors"], told["warnings"]) == ("probe", 1, 1)
    assert told["findings"][0] == {
        "id": "folder-entry",
        "severity": "error",
        "place": "lib/",
        "reason": "there is no entry lib/ before lib/deep/data.txt",
        "fix": "Make the zip with ekuiper pack, or with zip -r, which write folders first.",
        "hosts": "from 2.4 on",
    }


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_strict(command: Run, tmp_path: Path, options: tuple[str, ...], code: int) -> None:
    """A warning alone fails with --strict only."""
    ran = command("check", *options, Draft().zip(tmp_path))

    assert ran.code == code
    assert ran.out.endswith("plugin probe: 1 warning\n")


def test_builtin_names_are_known(command: Run, tmp_path: Path) -> None:
    """Without a target too, a function may not be called as one of eKuiper's."""
    _, path = broken("function called abs").build(tmp_path, "folder")
    ran = command("check", path)

    assert ran.code == 1
    assert "error builtin-name  probe.json:9" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "does not exist"),
        (("--python", "no-such-python"), "no such program"),
        (("--timeout", "soon"), "no duration"),
        (("--target", "ftp://edge1"), "http"),
        (("--plain", "--json"), "exclude each other"),
    ],
)
def test_wrongly_called(command: Run, arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, and a line that says why."""
    ran = command("check", *arguments, cwd=EXAMPLE)

    assert ran.code == 2
    assert words in " ".join(ran.err.split())


def test_a_target_that_is_not_there(command: Run) -> None:
    """Exit 1, in one line."""
    ran = command("check", "--target", "http://127.0.0.1:9", EXAMPLE)

    assert (ran.code, ran.out) == (1, "")
    assert "127.0.0.1:9" in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_cannot_be_read_as_zip(command: Run, tmp_path: Path) -> None:
    """Whatever is given, there is no traceback."""
    path = tmp_path / "plugin.zip"
    path.write_bytes(b"")
    ran = command("check", path)

    assert ran.code == 1
    assert ran.out.startswith("error not-a-zip  plugin.zip\n")


def test_code_that_takes_long_is_ended(command: Run, tmp_path: Path) -> None:
    """--timeout is how long the code may take."""
    _, path = broken("takes for ever").build(tmp_path, "folder")
    ran = command("check", "--timeout", "1s", path)

    assert ran.code == 1
    assert "did not reach plugin.start within 1 s" in ran.out
