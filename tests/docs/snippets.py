"""The fenced blocks of a page, and what becomes of them when they are run one after the other.

A block with a title (```python title="weather.py") is written to a file of that name. Commands of a
`console` block are run by a shell, in the folder that an earlier `cd` went to; lines below a
command are lines of its output, in that order, of which others may be left out; … is any text.
Python blocks without a title are run by themselves. Right above a block may stand

    <!-- not run: why -->
    <!-- exits 1 -->
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Block", "Session", "blocks"]

_FENCE = re.compile(
    r"(?:^<!-- (?P<remark>[^\n]+?) -->\n)?^```(?P<words>[^\n]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')
_TIMEOUT = 20.0


class Block(NamedTuple):
    """A fenced block at `line`; `remark` is what the comment above it says."""

    page: Path
    line: int
    language: str
    title: str
    remark: str
    body: str

    @property
    def skipped(self) -> bool:
        return self.remark.startswith("not run: ")

    @property
    def status(self) -> int:
        """How its last command ends."""
        return int(self.remark.removeprefix("exits ")) if self.remark.startswith("exits ") else 0

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command, and the lines shown below it."""
        text = self.body.replace("\\\n", " ")
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, [line for line in shown.splitlines() if line.strip()]


def blocks(page: Path) -> list[Block]:
    """All of a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        language, _, rest = fence["words"].partition(" ")
        title = _TITLE.search(rest)
        line = text.count("\n", 0, fence.start()) + 1
        name = title[1] if title else ""
        found.append(Block(page, line, language, name, fence["remark"] or "", fence["body"]))
    return found


class Session:
    """Runs the blocks of one page in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        home = folder / "home"
        home.mkdir()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        plain = {"PATH": path, "HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1"}
        self._environment = {**os.environ, **plain}

    def run(self, block: Block) -> None:
        """Raises `AssertionError` with what went otherwise than the page says."""
        if block.skipped:
            return
        if block.title:
            path = self._folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        elif block.language == "python":
            self._check([sys.executable, "-c", block.body], block, [], 0)
        elif block.language == "console":
            for command, shown in block.commands():
                self._command(command, shown, block)

    def _command(self, command: str, shown: list[str], block: Block) -> None:
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            self._folder = self._folder / words[1]
            assert self._folder.is_dir(), f"{block.page}:{block.line}: cd {words[1]}"
            return
        last = list(block.commands())[-1][0] == command
        self._check(["sh", "-c", command], block, shown, block.status if last else 0)

    def _check(self, words: list[str], block: Block, shown: list[str], status: int) -> None:
        done = subprocess.run(
            words,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
        )
        what = f"{block.page}:{block.line}: {words[-1]}\n{done.stdout}"
        assert done.returncode == status, f"exit status {done.returncode}: {what}"
        lines = iter([_even(line) for line in done.stdout.splitlines()])
        for line in shown:
            wanted = re.escape(_even(line)).replace("…", ".*")
            assert any(re.fullmatch(wanted, each) for each in lines), f"no line {line!r}: {what}"


def _even(line: str) -> str:
    """However wide its columns are."""
    return " ".join(line.split())
