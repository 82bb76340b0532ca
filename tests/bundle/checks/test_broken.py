"""Every broken plugin is found to be broken, by the id of what is wrong."""

from pathlib import Path

import pytest

from ekuiper.bundle.checks import Checked, Interpreter, check_archive, check_folder
from ekuiper.bundle.checks.rules import RULES

from .broken import BROKEN, Broken

SEVERITIES = {rule.id: rule.severity for rule in RULES}
CASES = [(broken, kind) for broken in BROKEN for kind in broken.kinds]


def found(path: Path) -> Checked:
    check = check_folder if path.is_dir() else check_archive
    return check(path, interpreter=Interpreter(timeout=5.0))


@pytest.mark.parametrize(
    ("broken", "kind"), CASES, ids=[f"{kind}: {broken.name}" for broken, kind in CASES]
)
def test_what_is_wrong_is_named(broken: Broken, kind: str, tmp_path: Path) -> None:
    """The defect is found, with a place, a reason and a fix; and no error that is none."""
    _, path = broken.build(tmp_path, kind)

    checked = found(path)

    ids = {each.id for each in checked.findings}
    assert broken.finding in ids
    errors = {each.id for each in checked.findings if each.severity == "error"}
    assert errors <= {broken.finding, *broken.also}
    assert all(each.place and each.reason and each.fix for each in checked.findings)
    assert all(SEVERITIES[each.id] == each.severity for each in checked.findings)


def test_there_are_more_than_forty() -> None:
    """Forty kinds of defects, and a broken plugin for every rule but those about size, names of
    files and real hosts."""
    assert len({broken.finding for broken in BROKEN}) >= 40
    elsewhere = {"zip-suffix", "large", "duplicate-entry", "python", "code-untried"}
    hosts = {"old-host", "symbol-taken", "plugin-taken", "symbol-dropped", "sink-restart"}
    assert set(SEVERITIES) - {broken.finding for broken in BROKEN} == elsewhere | hosts
