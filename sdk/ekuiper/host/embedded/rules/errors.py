"""What is wrong with a statement or a rule, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ....errors import HostError

__all__ = ["BEYOND", "RuleError", "Script", "StatementError", "nearest"]

BEYOND = "a real eKuiper runs it"
"""How the error for everything ends that eKuiper knows and this host does not."""

_WIDE = 74  # characters of a line that are shown


class RuleError(HostError):
    """A rule, or one of its actions or options, cannot run: `reason`, in the file `path`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class StatementError(RuleError):
    """A statement cannot be read, or is not supported: `reason`, at `line` and `column` of `path`,
    both counted from 1. The text shows the line with a caret below."""

    def __init__(self, path: str, line: int, column: int, reason: str, shown: str) -> None:
        where = f"{path}:{line}:{column}" if path else f"line {line}, column {column}"
        super().__init__("", f"{where}: {reason}\n{shown}")
        self.path = path
        self.line = line
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Script:
    """A statement's text and where it stands.

    Where it is a string within another file, `whole` is that file's text and `offsets` has the
    place there of each of its characters, and of its end.
    """

    text: str
    path: str = ""
    whole: str | None = None
    offsets: Sequence[int] = ()

    def error(self, at: int, reason: str) -> StatementError:
        """`reason`, at that offset of the text."""
        at = max(0, min(at, len(self.text)))
        start = self.text.rfind("\n", 0, at) + 1
        line = self.text[start:].partition("\n")[0].rstrip("\r")
        printable = "".join(char if char.isprintable() else " " for char in line)
        return StatementError(self.path, *self._place(at), reason, _shown(printable, at - start))

    def _place(self, at: int) -> tuple[int, int]:
        text, at = (self.text, at) if self.whole is None else (self.whole, self.offsets[at])
        return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _shown(line: str, at: int) -> str:
    """The part of a line that `at` is in, with a caret below; not wider than a terminal."""
    first = max(0, min(at - _WIDE // 2, len(line) - _WIDE)) if len(line) > _WIDE else 0
    part = line[first : first + _WIDE]
    before, after = "…" if first else "", "…" if first + _WIDE < len(line) else ""
    return f"  {before}{part}{after}\n  {' ' * (len(before) + at - first)}^"


def nearest(name: str, known: Iterable[str], what: str) -> str:
    """A question with the known names near to `name`, then all of them as "`what`: a, b"."""
    names = sorted(known)
    found = get_close_matches(name, names, 3)
    folded = [each for each in names if each.lower() == name.lower() and each not in found]
    near = " or ".join(repr(each) for each in [*folded, *found])
    listed = f"{what}: {', '.join(names) or 'none'}"
    return f"did you mean {near}? {listed}" if near else listed
