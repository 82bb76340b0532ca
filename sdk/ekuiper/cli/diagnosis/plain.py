"""The diagnosis in plain text or JSON: for pipes, and where there is no rich."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from ...host.local.checks import Finding, check
from ...host.local.machine import gather
from ..shared.jsontext import print_json
from .texts import as_object, described, failed, summary

__all__ = ["diagnose_plainly", "plain_text"]

_GAP = "  "


def diagnose_plainly(*, as_json: bool) -> int:
    """Look at this machine and print what was found; the exit status."""
    found = check(gather())
    if as_json:
        print_json(as_object(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(plain_text(found, width))
    return 1 if failed(found) else 0


def plain_text(found: Sequence[Finding], width: int | None = None) -> str:
    """Lines no longer than `width`, if that is given."""
    severities = max(len(finding.severity) for finding in found)
    ids = max(len(finding.id) for finding in found)
    lines = []
    for finding in found:
        head = f"{finding.severity:<{severities}}{_GAP}{finding.id:<{ids}}{_GAP}"
        lines += _wrapped(head, described(finding), width)
        if finding.fix:
            lines += _wrapped(" " * len(head), f"fix: {finding.fix}", width)
    return "\n".join([*lines, summary(found)])


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    """The text after `head`, further lines below its beginning."""
    if width is None:
        return [f"{head}{text}"]
    return textwrap.wrap(
        text,
        max(width, len(head) + 20),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )
