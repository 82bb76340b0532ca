"""What is being done on each host, while it is being done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column

from ...host.deploying import Step
from ...host.deploying.outcome import Tell

__all__ = ["progress"]

_BAR = 24
_FULL = 1.0


class _Bar(BarColumn):
    """Of steps whose share is known."""

    def render(self, task: Task) -> ProgressBar:
        bar = super().render(task)
        if task.fields["share"] is None:
            bar.width = 0
        return bar


@contextmanager
def progress(console: Console, hosts: Sequence[str], *, quiet: bool, live: bool) -> Iterator[Tell]:
    """Gives what is called with each step, by any thread: it moves a line for each host where
    there is a terminal, else prints a line for each new step, or nothing if `quiet`."""
    if quiet:
        yield lambda step: None
    elif live:
        with _bars(console, hosts) as tell:
            yield tell
    else:
        yield _lines(console)


@contextmanager
def _bars(console: Console, hosts: Sequence[str]) -> Iterator[Tell]:
    columns = (
        SpinnerColumn(style="cyan"),
        TextColumn("{task.fields[host]}", style="bold", table_column=Column(no_wrap=True)),
        TextColumn(
            "{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
        ),
        _Bar(_BAR),
    )
    with Progress(*columns, console=console, transient=True, expand=True) as drawn:
        tasks = {host: drawn.add_task("", host=host, share=None, total=_FULL) for host in hosts}

        def tell(step: Step) -> None:
            share = step.share
            task = tasks[step.host]
            drawn.update(task, description=step.text, share=share, completed=share or 0.0)

        yield tell


def _lines(console: Console) -> Tell:
    last: dict[str, str] = {}

    def tell(step: Step) -> None:
        if last.get(step.host) != step.text:
            last[step.host] = step.text
            console.print(f"{step.host}: {step.text}", soft_wrap=True, markup=False)

    return tell
