"""How it ended, on each host."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...host.deploying import Outcome
from ..shared.texts import span, times

__all__ = ["outcome_object", "print_outcomes"]

_INDENT = 4


def print_outcomes(console: Console, outcomes: Sequence[Outcome]) -> None:
    """A line for each host, below it what there is to say; then how many went well."""
    host = max(len(each.host) for each in outcomes)
    version = max(len(_version(each)) for each in outcomes)
    did = max(len(each.did) for each in outcomes)
    for each in outcomes:
        line = Text("✓ " if each.done else "✗ ", "green" if each.done else "red")
        line.append(f"{each.host:{host}}  ", "bold")
        line.append(f"{_version(each):{version}}  {each.did:{did}}  {span(each.seconds)}", "")
        console.print(line, soft_wrap=True)
        for text, style in _details(each):
            console.print(Padding(Text(text, style), (0, 0, 0, _INDENT)))
    if len(outcomes) > 1:
        good = sum(each.done for each in outcomes)
        console.print(Text(f"{good} of {len(outcomes)} hosts: done", "bold"))


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """As `--json` prints it."""
    return asdict(outcome)


def _version(outcome: Outcome) -> str:
    return f"eKuiper {outcome.host_version}" if outcome.host_version else ""


def _details(outcome: Outcome) -> list[tuple[str, str]]:
    found = []
    if outcome.reason:
        found.append((outcome.reason, "red"))
    if outcome.left:
        found.append((outcome.left, "bold"))
    if outcome.answers:
        found.append((_answers(outcome.answers), ""))
    found += [(f"note: {each}", "yellow") for each in outcome.notes]
    return found


def _answers(answers: dict[str, str]) -> str:
    """Symbols that were seen to work in the same way are told together."""
    ways: dict[str, list[str]] = {}
    for symbol, way in answers.items():
        ways.setdefault(way, []).append(symbol)
    return "; ".join(_way(way, symbols) for way, symbols in ways.items())


def _way(way: str, symbols: list[str]) -> str:
    shown = ", ".join(symbols) if len(symbols) <= 6 else times(len(symbols), "symbol")
    return f"{shown}: {way}"
