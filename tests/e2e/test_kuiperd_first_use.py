"""What the README and the guide say of first use, word for word, on a real eKuiper."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ekuiper.errors import RestError

from ..docs.snippets import Block, Session, blocks
from .kuiperd import Kuiperd
from .polling import eventually

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide" / "first-plugin.md"
FEW = 5


class Reader:
    """Who does what a page says, with a host at hand."""

    def __init__(self, host: Kuiperd, folder: Path) -> None:
        self.plugin = f"weather{host.new_mark()}"
        self._host = host
        self._folder = folder

    def follow(self, page: Iterable[Block]) -> None:
        """Skip what is not for a reader with a host; then the rule has to run."""
        session = Session(self._folder)
        for block in page:
            if block.skipped and "eKuiper at HOST" not in block.remark:
                continue
            body = block.body.replace("http://HOST:9081", self._host.rest.place.url)
            own = {"body": body.replace("weather", self.plugin), "remark": ""}
            session.run(block._replace(**own, title=block.title.replace("weather", self.plugin)))
        eventually(self._rule_runs, "the rule runs")

    def _rule_runs(self) -> bool:
        return bool(self._host.rest.get(f"/rules/{self.plugin}/status")["status"] == "running")

    def leave(self) -> None:
        """Remove what the pages told to make."""
        for path in (f"/rules/{self.plugin}", "/streams/demo", f"/plugins/portables/{self.plugin}"):
            with suppress(RestError):  # not made, as the test says
                self._host.rest.delete(path)


@pytest.fixture
def reader(kuiperd: Kuiperd, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(kuiperd, tmp_path)
    yield reader
    reader.leave()


def first_use() -> list[Block]:
    """The blocks of the README's section."""
    text = README.read_text(encoding="utf-8")
    begin, end = (text.index(f"\n## {title}") for title in ("First use", "Where things are"))
    first, last = text.count("\n", 0, begin), text.count("\n", 0, end)
    return [block for block in blocks(README) if first < block.line < last]


def test_readme_reaches_a_rule(reader: Reader) -> None:
    """Five commands, from nothing to a rule that runs."""
    reader.follow(first_use())

    assert sum(len(list(block.commands())) for block in first_use()) <= FEW


def test_guide_reaches_a_rule(reader: Reader) -> None:
    """The guide changes the code first, and has the rule tried."""
    reader.follow(blocks(GUIDE))
