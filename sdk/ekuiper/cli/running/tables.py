"""The parts that the live view and the summary are put together from."""

from rich.table import Table
from rich.text import Text

from ..shared.rowtable import table_of_rows
from ..shared.texts import cell, count, duration, rate
from .figures import PipelineFigures

__all__ = ["counts", "function_table", "hint_lines", "row_table"]

_GAP = 2


def counts(pipeline: PipelineFigures) -> Text:
    """`in 12   out 12   dropped 0 ...`, with what needs attention in colour."""
    text = Text("  ", no_wrap=True, overflow="ellipsis")
    for name, number, style in (
        ("in", pipeline.rows_in, ""),
        ("out", pipeline.rows_out, ""),
        ("dropped", pipeline.dropped, "magenta"),
        ("waiting", pipeline.waiting, ""),
        ("errors", pipeline.errors, "bold red"),
    ):
        text.append(f"{name} ", "dim").append(count(number), style if number else "").append("   ")
    text.rstrip()
    return text


def hint_lines(pipeline: PipelineFigures) -> list[Text]:
    """A line for each thing that is strange."""
    return [
        Text(f"  ! {cell(hint)}", "yellow", no_wrap=True, overflow="ellipsis")
        for hint in pipeline.hints
    ]


def function_table(pipeline: PipelineFigures) -> Table:
    """A line per function call."""
    table = Table.grid(padding=(0, _GAP, 0, 0), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for _ in range(5):
        table.add_column(justify="right", no_wrap=True)
    titles = ("  function", "calls", "calls/s", "p50", "p99", "errors")
    table.add_row(*(Text(title, "dim") for title in titles))
    for function in pipeline.functions:
        table.add_row(
            Text(f"  {function.text}"),
            count(function.calls),
            rate(function.rate),
            duration(function.p50),
            Text(duration(function.p99), "cyan"),
            Text(count(function.errors), "bold red" if function.errors else ""),
        )
    return table


def row_table(pipeline: PipelineFigures, most: int, width: int) -> Table:
    """The last rows; columns that do not fit are left out, those that functions fill at last."""
    rows = pipeline.latest[-most:] if most > 0 else ()
    return table_of_rows(rows, width, pipeline.results)
