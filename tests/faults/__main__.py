"""`make faults`: plays many plans, and tells what must not have been.

`make faults SEED=123` plays that one, and tells all of it. With KUIPERD=/path/to/bin/kuiperd they
are played on that eKuiper, one after the other, as far as it can be made to take them.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import NamedTuple

from . import capability
from .draw import draw
from .evidence import Evidence
from .oracle import Verdict, judge
from .plan import Plan, Step
from .real import play_on
from .rig import play
from .rules import judge_rule

__all__ = ["Run", "again", "main", "run"]

_LIGHT_EVERY = 2  # of so many seeds one is light
_ALONE_EVERY = 5  # of so many seeds one runs without a supervisor, where there can be one


class Run(NamedTuple):
    """One seed, played and judged."""

    plan: Plan
    evidence: Evidence
    verdict: Verdict
    seconds: float


def plan_of(seed: int, *, light: bool = False) -> Plan:
    """What belongs to this seed in this tree."""
    supervised = capability.supervised() and seed % _ALONE_EVERY != 0
    return draw(seed, supervised=supervised, light=light or seed % _LIGHT_EVERY == 1)


def run(plan: Plan) -> Run:
    began = time.monotonic()
    evidence = play(plan)
    return Run(plan, evidence, judge(evidence), time.monotonic() - began)


def run_on(kuiperd: str, plan: Plan) -> Run:
    """Play it on a real eKuiper; always with a supervisor, for nobody else starts a plugin again
    there."""
    began = time.monotonic()
    evidence = play_on(Path(kuiperd).resolve(), plan)
    return Run(evidence.plan, evidence, judge_rule(evidence), time.monotonic() - began)


def again(plan: Plan, kuiperd: str | None = None) -> str:
    """The command that plays it again."""
    light = " LIGHT=1" if plan.light else ""
    return f"make faults SEED={plan.seed}{light}" + (f" KUIPERD={kuiperd}" if kuiperd else "")


def main() -> int:
    """Returns 1 if anything was found."""
    options = _options()
    if not sys.platform.startswith("linux"):
        print("faults: reads /proc, so it needs Linux", file=sys.stderr)
        return 2
    one = options.seed is not None
    seeds = [options.seed] if one else range(options.first, options.first + options.count)
    kuiperd = os.environ.get("KUIPERD")
    if kuiperd:
        plans = [draw(seed, supervised=True, light=options.light) for seed in seeds]
        runs_of = partial(run_on, kuiperd)
        where = f"on {kuiperd}"
    else:
        plans = [plan_of(seed, light=options.light) for seed in seeds]
        runs_of = run
        mode = "with" if capability.supervised() else "this plugin runs in one process, so without"
        where = f"{mode} a supervisor"
    print(f"{len(plans)} seeds from {seeds[0]} on, {where}", flush=True)
    runs = []
    began = time.monotonic()
    for each in _played(plans, 1 if kuiperd else options.parallel, runs_of):
        runs.append(each)
        if one:
            _tell_all(each)
        elif each.verdict.findings:
            print(_told(each), flush=True)
        elif sys.stdout.isatty():
            print(f"\r{len(runs)} of {len(plans)}", end="\r", flush=True)
    _summarise(runs, time.monotonic() - began)
    return any(each.verdict.findings for each in runs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=100, metavar="N", help="seeds (default: 100)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them")
    parser.add_argument("--seed", type=int, help="this one only, with all its steps")
    parser.add_argument("--light", action="store_true", help="as in the tests: short, small steps")
    parser.add_argument("--parallel", type=int, default=2, help="plugins at a time (default: 2)")
    return parser.parse_args()


def _played(plans: list[Plan], parallel: int, runs_of: Callable[[Plan], Run]) -> Iterator[Run]:
    with ThreadPoolExecutor(parallel) as threads:
        futures = [threads.submit(runs_of, plan) for plan in plans]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _told(each: Run) -> str:
    lines = [f"seed {each.plan.seed}; again with:  {again(each.plan, os.environ.get('KUIPERD'))}"]
    lines += [f"  {_step(step)}" for step in each.plan.steps]
    lines += [f"  {kind.upper()}: {text}" for kind, text in each.verdict.findings]
    return "\n".join(lines)


def _step(step: Step) -> str:
    words = [f"{step.at:7.3f} s  {step.what}", step.target]
    words.append(f"{step.number:g}" if step.number else "")
    words.append(f"x{step.count}" if step.count > 1 else "")
    return " ".join(word for word in words if word)


def _tell_all(each: Run) -> None:
    plan = each.plan
    flags = ("supervised", "light", "acks", "wrapped", "full_disk")
    print("plan: " + (", ".join(name for name in flags if getattr(plan, name)) or "plain"))
    print(_told(each))
    for done in each.evidence.done:
        at = done.began - each.evidence.began
        print(f"  did {at:7.3f} s  {done.what} {done.target} {done.detail}".rstrip())


def _summarise(runs: list[Run], seconds: float) -> None:
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for each in runs:
        counts.update(each.verdict.counts)
        kinds.update({finding.kind for finding in each.verdict.findings})
        steps.update(step.what for step in each.plan.steps)
    width = min(100, os.get_terminal_size().columns if sys.stdout.isatty() else 100)
    print()
    _table("faults", steps, width)
    _table("seen", counts, width)
    _table("found, in how many seeds", kinds, width)
    bad = sum(bool(each.verdict.findings) for each in runs)
    print(f"{len(runs)} seeds in {seconds:.0f} s: {bad or 'none'} with findings")
    for each in runs:
        if each.verdict.findings:
            print(f"  {again(each.plan, os.environ.get('KUIPERD'))}")


def _table(title: str, counts: "Counter[str]", width: int) -> None:
    if not counts:
        return
    print(title)
    cells = [f"{name} {count:,}" for name, count in sorted(counts.items())]
    column = max(map(len, cells)) + 2
    across = max(1, (width - 2) // column)
    for start in range(0, len(cells), across):
        row = "".join(cell.ljust(column) for cell in cells[start : start + across])
        print(f"  {row}".rstrip())
    print()


if __name__ == "__main__":
    sys.exit(main())
