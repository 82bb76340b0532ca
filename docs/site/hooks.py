"""What mkdocs does with docs/ beside turning Markdown into HTML.

Pages in docs/ are written to be read in a repository as well, so links lead to files: those that
leave docs/ lead to the pages made of such files, or are plain text where there is none.
"""

import io
import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from ekuiper.cli.group import ekuiper
from ekuiper.runtime.serving import serve

ROOT = Path(__file__).parents[2]

# Files outside of docs/ that are pages of the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "example/machine_health/README.md": "examples/machine_health.md",
}
HELP = "<!-- the help of every verb -->"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
# What tests are told of the block below.
REMARK = re.compile(r"^<!-- (?:not run|exits)[^\n]* -->\n", re.MULTILINE)
# A fence with words that say what it shows, and what is made of its language.
LANGUAGES = {"bytes": "text", "json": "json"}
FENCE = re.compile(r"^```(bytes|json) [^\n=]+$", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_within(text, source, page)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links and fences those of the site, and put the help where it goes."""
    name = page.file.src_uri
    text = FENCE.sub(lambda fence: f"```{LANGUAGES[fence[1]]}", REMARK.sub("", markdown))
    if HELP in text:
        text = text.replace(HELP, "\n".join(_help()))
    return text if name in PAGES.values() else _within(text, f"docs/{name}", name)


def _within(text: str, source: str, page: str) -> str:
    """`text` of the file `source`, as the page `page` of the site."""

    def link(found: re.Match[str]) -> str:
        name, hash_, anchor = found[2].partition("#")
        if "://" in name or not name:
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), name))
        inside = PAGES.get(target) or _in_docs(target)
        if inside is None:
            return found[1]
        relative = posixpath.relpath(inside, posixpath.dirname(page) or ".")
        return f"[{found[1]}]({relative}{hash_}{anchor})"

    return LINK.sub(link, text)


def _in_docs(target: str) -> str | None:
    return target.removeprefix("docs/") if target.startswith("docs/") else None


def _help() -> Iterator[str]:
    """A section for each verb: what `ekuiper VERB --help` prints in a terminal of 80 columns."""
    ctx = click.Context(ekuiper, info_name="ekuiper")
    for verb in ekuiper.list_commands(ctx):
        yield f"## ekuiper {verb}\n"
        yield f"```text\n{printed(verb, '--help')}```\n"
        command = ekuiper.get_command(ctx, verb)
        for below in command.list_commands(ctx) if isinstance(command, click.Group) else ():
            yield f"```text\n{printed(verb, below, '--help')}```\n"


def printed(verb: str, *words: str) -> str:
    """What `ekuiper VERB WORDS` prints."""
    output = io.StringIO()
    with redirect_stdout(output), in_eighty_columns(), suppress(SystemExit):
        if verb == "serve":  # as main does
            serve(list(words))
        else:
            ekuiper([verb, *words], prog_name="ekuiper")
    return output.getvalue()


@contextmanager
def in_eighty_columns() -> Iterator[None]:
    """As wide as a terminal is, wherever this is run."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
