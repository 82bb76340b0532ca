"""The tables on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .results import Results
from .rows import COLUMNS, HOSTS, LEGEND, Notes, Row, Section, sections, text_of
from .targets import INDICATIVE, Verdict

__all__ = ["show"]

_WIDTH = 100

_STYLES = {True: ("met", "green"), False: ("not met", "bold red"), None: ("?", "dim")}


def show(results: Results, console: Console | None = None) -> None:
    """Print everything that was found, and why the rest was not."""
    out = console or Console()
    if not out.is_terminal:
        out = Console(width=_WIDTH, file=out.file)
    about = results.about
    out.print(Text(f"{about.get('machine', '')}; {about.get('when', '')}", style="dim"))
    notes = Notes()
    for section in sections(results, notes):
        out.print()
        out.print(_table(section, quick=bool(about.get("quick"))))
    out.print()
    if about.get("quick"):
        out.print(Text(INDICATIVE, style="yellow"))
    for host, reason in results.absent.items():
        out.print(Text(f"Nothing on {HOSTS[host]}: {reason}", style="yellow"))
    for text in notes.texts():
        out.print(Text(text, style="yellow"))
    out.print(Text(LEGEND, style="dim"))


def _table(section: Section, *, quick: bool) -> Table:
    table = Table(title=section.title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.title_style = "bold"
    table.add_column("", no_wrap=True)
    for subject in section.columns:
        table.add_column(COLUMNS[subject], justify="right", no_wrap=True)
    table.add_column(" target", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in section.rows:
        table.add_row(*_cells(row, quick))
    return table


def _cells(row: Row, quick: bool) -> list[Text | str]:
    reached = "\n".join(f" {text_of(verdict)}" for verdict in row.verdicts)
    words = Text("\n").join(_word(verdict, quick) for verdict in row.verdicts)
    return [row.label, *row.cells, reached, words]


def _word(verdict: Verdict, quick: bool) -> Text:
    word, style = _STYLES[verdict.met]
    if quick and verdict.met is not None:
        return Text(f"{word}?", style="yellow")
    return Text(word, style=style)
