"""What the README says of first use, word for word, on a real eKuiper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..docs.snippets import Block, Session, blocks
from .kuiperd import Kuiperd
from .polling import eventually

README = Path(__file__).parents[2] / "README.md"
FEW = 5


@pytest.fixture
def name(kuiperd: Kuiperd) -> Iterator[str]:
    """What the plugin, its function and the rule are called here."""
    name = f"w{kuiperd.new_mark()}"
    yield name
    for path in (f"/rules/{name}", "/streams/demo"):
        kuiperd.rest.delete(path)


def first_use() -> list[Block]:
    text = README.read_text(encoding="utf-8")
    begin, end = text.index("\n## First use"), text.index("\n## Where things are")
    lines = text.count("\n", 0, begin), text.count("\n", 0, end)
    return [block for block in blocks(README) if lines[0] < block.line < lines[1]]


def test_readme_reaches_a_rule(kuiperd: Kuiperd, name: str, tmp_path: Path) -> None:
    """Five commands, from nothing to a rule that runs."""
    session = Session(tmp_path)
    count = 0
    for block in first_use():
        body = block.body.replace("http://HOST:9081", kuiperd.rest.place.url)
        told = block._replace(body=body.replace("weather", name), remark="")
        count += len(list(told.commands()))
        session.run(told)

    eventually(
        lambda: kuiperd.rest.get(f"/rules/{name}/status").get("status") == "running",
        "the rule runs",
        10.0,
    )
    assert count <= FEW
