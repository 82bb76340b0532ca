"""What the pages show works."""

import shutil
from pathlib import Path

import pytest

from .snippets import Block, Session, blocks

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("example/*/README.md")),
]
# `bytes` and `json` in protocol.md have tests of their own, by what their fences say.
LANGUAGES = {"console", "python", "toml", "json", "sql", "yaml", "text", "bytes", ""}


def pages_with_snippets() -> list[Path]:
    return [page for page in PAGES if any(not block.skipped for block in runnable(page))]


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in ("console", "python")]


@pytest.mark.parametrize(
    "page", pages_with_snippets(), ids=lambda page: str(page.relative_to(ROOT))
)
def test_snippets_work(page: Path, tmp_path: Path) -> None:
    """The blocks of a page, one after the other, do what it says, in a folder with nothing but, if
    the page speaks of them, the examples."""
    if "example/" in page.read_text(encoding="utf-8"):
        shutil.copytree(ROOT / "example", tmp_path / "example")
    session = Session(tmp_path)
    for block in blocks(page):
        session.run(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_known(page: Path) -> None:
    """A block in another language would be run by nobody; what is not run says why."""
    for block in blocks(page):
        where = f"{page}:{block.line}"
        assert block.language in LANGUAGES, where
        assert not block.skipped or len(block.remark) > len("not run: ") + 5, where
