"""docs/ becomes a site without a warning, with the help of every verb and the docstrings in it."""

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import ekuiper
import ekuiper.testing
from ekuiper.cli.group import ekuiper as command

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docs" / "site" / "mkdocs.yml"


class _Text(HTMLParser):
    """The text of a page, as a browser shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site that `make docs` makes."""
    if find_spec("material") is None:
        pytest.skip("needs mkdocs-material: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(CONFIGURATION)]
    done = subprocess.run(
        [*words, "-d", str(folder)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page: Path) -> str:
    reader = _Text()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.text


def verbs() -> Iterator[tuple[str, ...]]:
    """All that `ekuiper` can be told, those below `ekuiper host` among them."""
    ctx = click.Context(command)
    for verb in command.list_commands(ctx):
        yield (verb,)
        found = command.get_command(ctx, verb)
        if isinstance(found, click.Group):
            yield from ((verb, below) for below in found.list_commands(ctx))


def help_of(verb: tuple[str, ...], printed: pytest.CaptureFixture[str]) -> str:
    if verb == ("serve",):  # whose help is not click's
        words = [str(Path(sys.executable).with_name("ekuiper")), *verb, "--help"]
        return subprocess.run(words, capture_output=True, check=True).stdout.decode()
    with pytest.raises(SystemExit, match="0"):
        command([*verb, "--help"], prog_name="ekuiper")
    return printed.readouterr().out


def test_every_verb_has_its_help(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page of commands has what `ekuiper VERB --help` prints in a terminal of 80 columns, word
    for word, of all verbs."""
    monkeypatch.setenv("COLUMNS", "80")
    page = text_of(site / "reference" / "commands.html")
    for verb in verbs():
        help = help_of(verb, capsys)
        assert help.startswith("Usage: ekuiper "), help
        assert help in page, help


def test_public_names_are_described(site: Path) -> None:
    """Whatever `ekuiper` and `ekuiper.testing` offer has its docstring in the reference."""
    page = text_of(site / "reference" / "plugin.html")
    tests = text_of(site / "reference" / "testing.html")
    for module, where in ((ekuiper, page), (ekuiper.testing, tests)):
        for name in module.__all__:
            documented = getattr(module, name)
            first = (documented.start if name == "plugin" else documented).__doc__.split(".")[0]
            words = re.sub(r"[`*]", "", " ".join(first.split()))
            assert words in " ".join(where.split()), name


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """A device, or a desk, without a network shows the pages as they are."""
    loaded = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)\"")
    for page in site.rglob("*.html"):
        found = loaded.findall(page.read_text(encoding="utf-8"))
        assert [html.unescape(each) for each in found] == [], page


def test_pages_lead_nowhere_else(site: Path) -> None:
    """Links of pages that lie in a repository became links within the site."""
    for page in set(site.rglob("*.html")) - {site / "404.html"}:  # which may be anywhere
        for link in re.findall(r"href=\"([^\"#?]+)", page.read_text(encoding="utf-8")):
            if not link.startswith(("http", "mailto:")):
                assert (page.parent / link).resolve().exists(), f"{page}: {link}"
