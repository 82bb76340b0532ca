"""How a run ended, for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ..shared.faults import print_faults, print_log
from ..shared.texts import rate, span, times
from .figures import Moment
from .log import shortened
from .tables import counts, function_table, hint_lines, row_table

__all__ = ["print_summary"]

_ROWS = 5
_FAULTS = 10
_LOG = 12
_WIDEST = 100


def print_summary(console: Console, moment: Moment, failures: Sequence[str]) -> None:
    """Print what came of each pipeline, what went wrong, the log `moment` has, and in one line how
    it ended."""
    for pipeline in moment.pipelines:
        console.print()
        console.print(Text(pipeline.title, "bold"), soft_wrap=True)
        console.print(counts(pipeline).append(f"   {rate(pipeline.rate)} rows/s"))
        for line in hint_lines(pipeline):
            line.no_wrap = False
            console.print(line, soft_wrap=True)
        if pipeline.functions:
            console.print(function_table(pipeline), width=min(console.width, _WIDEST))
        if pipeline.latest:
            console.print(row_table(pipeline, _ROWS, console.width))
    print_faults(console, moment.faults, _FAULTS)
    if moment.log:
        print_log(console, (shortened(text, moment.plugin) for text in moment.log[-_LOG:]))
    console.print()
    console.print(_verdict(moment, failures), soft_wrap=True)


def _verdict(moment: Moment, failures: Sequence[str]) -> Text:
    if not failures:
        rows = sum(pipeline.rows_out for pipeline in moment.pipelines)
        ran = f"ran for {span(moment.elapsed)}: {times(rows, 'row')}, no error"
        return Text.assemble(("✓ ", "bold green"), (moment.plugin, "bold"), f" {ran}")
    if moment.rules_are_wrong:
        return Text.assemble(("✗ ", "bold red"), "; ".join(failures))
    text = Text.assemble(("✗ ", "bold red"), (moment.plugin, "bold"), " failed: ")
    return text.append("; ".join(failures))
