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
    elif not live:
        yield (lambda text: console.print(Text(text))), (lambda done, total: None)
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("looking", total=None)

            def say(text: str) -> None:
                progress.update(task, description=text)

            def count(done: int, total: int) -> None:
                progress.update(task, description="packing", completed=done, total=total)

            yield say, count
