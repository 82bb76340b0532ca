"""What was packed, and what was not, for people."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...bundle.contents import LeftOut
from ...bundle.environments.made import LIBRARY
from ...bundle.environments.venv import WHEELS
from ...bundle.pack import Packed
from ...bundle.planning import Plan
from ..shared.texts import cell, size, times

__all__ = ["print_packed", "print_plan"]

_SHOWN = 3  # names of each kind that was left out
_LARGEST = 8


def print_packed(console: Console, packed: Packed) -> None:
    """The zip, its parts, and what the author should know."""
    manifest = packed.manifest
    unpacked = sum(each for _, each in packed.entries)
    title = Text(f"packed {manifest.name} {manifest.version}".rstrip(), "bold")
    title.append(f" into {_short(packed.path)}", "not bold")
    console.print(title, soft_wrap=True)
    facts = (
        f"{size(packed.size)}, unpacked {size(unpacked)} in {times(len(packed.entries), 'file')}"
    )
    console.print(Text(f"  {facts}  sha256 {packed.digest[:12]}…", "dim"))
    console.print(_parts(packed.entries))
    _print_rest(console, packed.left_out, packed.notes)


def print_plan(console: Console, plan: Plan, files: Sequence[tuple[str, int]]) -> None:
    """Each file and its size."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, octets in files:
        table.add_row(size(octets), cell(name))
    console.print(table)
    whole = sum(octets for _, octets in files)
    total = f"{times(len(files), 'file')}, {size(whole)} unpacked; nothing was written"
    console.print(Text(total, "bold"))
    _print_rest(console, plan.left_out, plan.notes)


def _parts(entries: Iterable[tuple[str, int]]) -> Table:
    """The sizes of what the author wrote, and of each package."""
    sums: dict[str, list[int]] = {}
    for name, octets in entries:
        found = sums.setdefault(_part(name), [0, 0])
        found[0] += 1
        found[1] += octets
    largest = sorted(sums.items(), key=lambda each: -each[1][1])
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for name, (count, octets) in largest[:_LARGEST]:
        table.add_row(cell(name), size(octets), times(count, "file"))
    if rest := largest[_LARGEST:]:
        count, octets = (sum(each[1][at] for each in rest) for at in (0, 1))
        table.add_row(f"{len(rest)} more", size(octets), times(count, "file"))
    return table


def _part(name: str) -> str:
    top, *below = name.split("/")
    if top == WHEELS and name.endswith(".whl"):
        return f"{top}/{'-'.join(below[0].split('-')[:2])}"
    if top in (LIBRARY, WHEELS) and below:
        return f"{top}/{below[0]}"
    return f"{top}/" if below else "files beside the plugin"


def _print_rest(console: Console, left_out: Sequence[LeftOut], notes: Iterable[str]) -> None:
    kinds: dict[str, list[str]] = {}
    for each in left_out:
        kinds.setdefault(each.kind, []).append(cell(each.name))
    for kind, names in kinds.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        line = Text(f"left out as {kind}: ", "yellow" if kind == "secret" else "dim")
        line.append(f"{', '.join(names[:_SHOWN])}{more}", "not dim")
        console.print(line)
    for note in notes:
        console.print(Text("note: ", "cyan").append(note, "default"))


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
