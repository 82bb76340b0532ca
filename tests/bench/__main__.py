"""`make bench`: measures, prints the tables, and keeps the result as JSON."""

import argparse
import signal
import sys
import uuid
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import machine
from .plan import HOSTS, Plan, measure_names
from .results import Results
from .scale import FULL, QUICK, Scale
from .settings import SETTINGS
from .table import show

__all__ = ["main"]

BUILD = Path(__file__).parents[2] / "build" / "bench"
DEFAULT_JSON = Path("build/bench/result.json")


def main(arguments: list[str] | None = None) -> int:
    """Run; the exit status is 0 whatever the figures are: a target missed is told, no failure."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        print("bench: reads /proc, so it needs Linux", file=sys.stderr)
        return 2
    try:
        plan = Plan.of(_names(options.only), _names(options.hosts), _names(options.settings))
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    scale = _scale(options)
    results = Results({**machine.about(), "rounds": scale.rounds, "quick": options.quick})
    try:
        _measure(plan, scale, results)
    except KeyboardInterrupt:
        show(results)
        print("stopped before its end; nothing is kept", file=sys.stderr)
        return 130
    results.write(options.json)
    show(results)
    print(f"as JSON: {options.json}")
    return 0


def _measure(plan: Plan, scale: Scale, results: Results) -> None:
    # It refreshes when told, between measurements: a thread of its own would be measured, too.
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, auto_refresh=False
    ) as progress:
        task = progress.add_task("", total=plan.count(scale))

        def told(step: str) -> None:
            progress.update(task, description=step, advance=1, refresh=True)

        plan.run(scale, results, BUILD, uuid.uuid4().hex[:5], told)


def _scale(options: argparse.Namespace) -> Scale:
    scale = QUICK if options.quick else FULL
    return scale._replace(rounds=options.rounds or scale.rounds)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: is all in order?")
    parser.add_argument("--only", default="", help=f"some of: {', '.join(measure_names())}")
    parser.add_argument("--hosts", default="", help=f"some of: {', '.join(HOSTS)}")
    parser.add_argument("--settings", default="", help=f"some of: {', '.join(SETTINGS)}")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, help="where the result goes")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what runs is ended on the way out
    sys.exit(main())
