"""Entries in plain text or JSON: for pipes, and where there is no rich."""

import sys

from ...errors import HostError
from ...host.local.logs import Entry
from ..shared.jsontext import json_line
from ..shared.texts import cell
from .reading import Wanted, read

__all__ = ["folded", "heading", "log_plainly", "plain_text"]

_HEAD, _TAIL = 3, 9
"""Lines of a traceback that are shown: how it begins, and where it ends."""
_LEVEL = 8


def log_plainly(wanted: Wanted, *, as_json: bool, full: bool) -> int:
    """Print the entries; the exit status."""

    def show(entry: Entry) -> None:
        text = json_line(entry._asdict()) if as_json else ""
        print(text or plain_text(entry, full=full), flush=wanted.follow)

    try:
        more = read(wanted, show)
    except BrokenPipeError:
        raise  # whoever reads has enough
    except (HostError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if more and not as_json:
        print(more, file=sys.stderr)
    return 0


def plain_text(entry: Entry, *, full: bool) -> str:
    """The entry, and below it what is folded into it."""
    return "\n".join([f"{heading(entry)}{cell(entry.text)}", *folded(entry, full=full)])


def heading(entry: Entry) -> str:
    """`2026-11-21 16:04:26,044 ERROR   weather `, with a dash for what is not known."""
    time = (entry.time or "–").replace("T", " ").removesuffix("Z")
    who = f"{entry.plugin or '–'}{' (kuiperd)' if entry.source == 'kuiperd' else ''}"
    return f"{time:<23} {entry.level or '–':<{_LEVEL}} {who}: "


def folded(entry: Entry, *, full: bool) -> list[str]:
    """The lines below, indented; of many, the first and the last."""
    lines = [f"    {_printable(line)}" for line in entry.more if line.strip()]
    left_out = len(lines) - _HEAD - _TAIL
    if full or left_out <= 1:
        return lines
    return [*lines[:_HEAD], f"    … {left_out} more lines (--full)", *lines[-_TAIL:]]


def _printable(line: str) -> str:
    return cell(line.expandtabs(4))
