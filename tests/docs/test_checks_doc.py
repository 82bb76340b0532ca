"""docs/checks.md has each rule of `ekuiper check`, as it is."""

import re
from pathlib import Path

import pytest

from ekuiper.bundle.checks.rules import RULES, Rule

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
PARTS = dict(re.findall(r"^### (\S+)\n\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_rules_and_page_have_the_same_ids() -> None:
    """In the same order, each once."""
    assert list(PARTS) == [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_is_explained(rule: Rule) -> None:
    """With its severity and title, and the versions it is about; a reason, an example, a fix."""
    hosts = f" (eKuiper {rule.hosts})" if str(rule.hosts) else ""
    head, reason, *rest = PARTS[rule.id].split("\n\n")
    lines = "\n".join(rest).splitlines()

    assert head == f"**{rule.severity}**: {rule.title}{hosts}"
    assert len(reason) > 20
    assert [line.partition(":")[0] for line in lines if line] == ["- Example", "- Fix"]
