"""`.gitignore`: which files git would not take, told without git."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ignored", "Pattern", "patterns_above", "patterns_in", "read_patterns"]

_FILE = ".gitignore"


class Pattern(NamedTuple):
    """One line of a `.gitignore`, for paths below the folder that the file is in."""

    text: str
    expression: re.Pattern[str]
    negated: bool
    folders_only: bool


class Ignored:
    """Patterns from the top folder down, the later ones decide; paths have "/" and no "./"."""

    def __init__(self) -> None:
        self._levels: list[tuple[str, tuple[Pattern, ...]]] = []

    def add(self, base: str, patterns: Iterable[Pattern]) -> None:
        """Those of the folder `base`, which is "" or ends with "/"; instead of those of folders
        that `base` is not in."""
        self._levels = [level for level in self._levels if base.startswith(level[0])]
        self._levels.append((base, tuple(patterns)))

    def match(self, path: str, *, folder: bool) -> str:
        """The line that says this path is ignored; "" if none does, or a later one takes it back.

        Whoever walks a tree does not go into folders that are ignored; they cannot be taken back.
        """
        for base, patterns in reversed(self._levels):
            if not path.startswith(base):
                continue
            rest = path[len(base) :]
            for pattern in reversed(patterns):
                if (folder or not pattern.folders_only) and pattern.expression.fullmatch(rest):
                    return "" if pattern.negated else pattern.text
        return ""


def patterns_in(folder: Path) -> list[Pattern]:
    """Those of the `.gitignore` in this folder."""
    try:
        text = (folder / _FILE).read_text("utf-8", "surrogateescape")
    except OSError:
        return []
    return read_patterns(text.splitlines())


def patterns_above(folder: Path) -> list[tuple[Path, list[Pattern]]]:
    """Those of the folders above this one, from the top of its git repository down."""
    found = []
    for each in (folder, *folder.parents):
        if each != folder:
            found.append((each, patterns_in(each)))
        if (each / ".git").exists():
            return list(reversed(found))
    return []


def read_patterns(lines: Iterable[str]) -> list[Pattern]:
    """The patterns in the lines of a `.gitignore`."""
    found = (_pattern(line) for line in lines)
    return [pattern for pattern in found if pattern is not None]


def _pattern(line: str) -> Pattern | None:
    text = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    if not text or text.startswith("#"):
        return None
    body = text.removeprefix("!")
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    anchored = "/" in body
    body = body.removeprefix("/")
    if not body:
        return None
    prefix = "" if anchored else "(?:.*/)?"
    try:
        expression = re.compile(prefix + _expression(body), re.DOTALL)
    except re.error:
        return None  # as git: a broken pattern matches nothing
    return Pattern(text, expression, text.startswith("!"), folders_only)


def _expression(glob: str) -> str:
    done, at = "", 0
    while at < len(glob):
        segment = at == 0 or glob[at - 1] == "/"
        if segment and glob.startswith("**/", at):
            done, at = f"{done}(?:.*/)?", at + 3
        elif segment and glob[at:] == "**":
            done, at = f"{done}.*", at + 2
        elif glob[at] == "*":
            done += "[^/]*"
            while at < len(glob) and glob[at] == "*":
                at += 1
        elif glob[at] == "?":
            done, at = f"{done}[^/]", at + 1
        elif glob[at] == "[" and (end := _end_of_set(glob, at)):
            done, at = done + _set(glob[at + 1 : end]), end + 1
        else:
            at += glob[at] == "\\" and at + 1 < len(glob)
            done, at = done + re.escape(glob[at]), at + 1
    return done


def _end_of_set(glob: str, at: int) -> int:
    """Where the set that begins here has its "]"; 0 if nowhere."""
    first = at + 1 + (glob[at + 1 : at + 2] in ("!", "^"))
    return glob.find("]", first + 1) + 1 and glob.find("]", first + 1)


def _set(content: str) -> str:
    negated = content[0] in "!^"
    inner = content[negated:].replace("[", r"\[").replace("&&", r"&\&").replace("~~", r"~\~")
    if inner.startswith("]"):
        inner = "\\" + inner
    return f"(?!/)[{'^' if negated else ''}{inner}]"
