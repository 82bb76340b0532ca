"""A bar while a zip is written, lines for what takes its time before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["showing"]

Say = Callable[[str], None]
Count = Callable[[int, int], None]


@contextmanager
def showing(console: Console, *, quiet: bool, live: bool) -> Iterator[tuple[Say, Count]]:
    """What `pack` is told by: a function for texts, and one for bytes done and in all."""
    if quiet:
        yield (lambda text: None), (lambda done, total: None)
        return
    if not live:
        yield (lambda text: console.print(Text(text))), (lambda done, total: None)
        return
    columns = (
        TextColumn("packing"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("")
    waiting = console.status("looking at the project")

    def count(done: int, total: int) -> None:
        waiting.stop()
        bar.start()
        bar.update(task, completed=done, total=total)

    waiting.start()
    try:
        yield waiting.update, count
    finally:
        waiting.stop()
        bar.stop()
