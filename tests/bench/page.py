"""`make bench-page`: a page with plots, docs/benchmarks.md, from a result kept as JSON."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from .results import Results
from .rows import COLUMNS, HOSTS, LEGEND, Notes, Row, Section, sections, text_of
from .targets import INDICATIVE

__all__ = ["main", "markdown"]

_DOCS = Path(__file__).parents[2] / "docs"

_INTRODUCTION = """\
<!-- written by make bench-page: edit tests/bench/page.py instead -->
# Benchmarks

How fast eKuiper calls Python, and what that costs. Each figure is the median of at least {rounds}
rounds in which all were measured in turn on one machine, so ratios mean more than the figures
themselves.

{machine}; {system}, Python {python}, orjson {orjson}; {when}, revision {revision}.

Measure on your machine, for some minutes, with a compiler, and an eKuiper if you have one:

<!-- not run: takes some minutes -->
```console
$ KUIPERD=/path/to/bin/kuiperd make bench
$ make bench-page
```

"""

_WORDS = {True: "met", False: "**not met**", None: "?"}


def markdown(results: Results, pictures: dict[str, str]) -> str:
    """The page; `pictures` are paths of plots and what they show."""
    text = _INTRODUCTION.format(**results.about)
    text += f"{INDICATIVE}.\n\n" if results.about.get("quick") else ""
    text += "".join(f"![{shows}]({path})\n\n" for path, shows in pictures.items())
    notes = Notes()
    text += "".join(_table(section) for section in sections(results, notes))
    text += f"{LEGEND}\n"
    remarks = [f"Nothing on {HOSTS[host]}: {why}" for host, why in results.absent.items()]
    return text + "".join(f"\n{remark}\n" for remark in [*remarks, *notes.texts()])


def _table(section: Section) -> str:
    head = ["", *(COLUMNS[subject] for subject in section.columns), "target", ""]
    rule = ["---", *["---:"] * len(section.columns), "---", "---"]
    lines = [head, rule, *(line for row in section.rows for line in _lines(row))]
    return f"## {section.title}\n\n" + "".join(f"| {' | '.join(one)} |\n" for one in lines) + "\n"


def _lines(row: Row) -> Iterator[list[str]]:
    """One for each target, the figures in the first."""
    told = [[text_of(verdict), _WORDS[verdict.met]] for verdict in row.verdicts] or [["", ""]]
    yield [row.label.strip(), *row.cells, *told[0]]
    for target in told[1:]:
        yield ["", *[""] * len(row.cells), *target]


def main(arguments: list[str] | None = None) -> int:
    """Write the page."""
    options = _parser().parse_args(arguments)
    try:
        results = Results.read(options.json)
    except (OSError, ValueError) as error:
        print(f"bench-page: {error}; run make bench first", file=sys.stderr)
        return 2
    from .plots import draw_all  # needs matplotlib, the parser's help does not

    plots = draw_all(results, options.docs / "benchmarks")
    pictures = {f"benchmarks/{plot.name}.svg": plot.text for plot in plots}
    page = options.docs / "benchmarks.md"
    page.write_text(markdown(results, pictures), "utf-8")
    print(f"{page}, with {len(plots)} plots")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-page", description=__doc__)
    default = Path("build/bench/result.json")
    parser.add_argument("--json", type=Path, default=default, help="what make bench kept")
    parser.add_argument("--docs", type=Path, default=_DOCS, help="the folder of the page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
