"""Judges what came out of a rule source → functions → sink on a real eKuiper."""

from typing import Any

from .evidence import Evidence
from .oracle import Finding, Verdict
from .plan import FUNCTIONS
from .renewals import judge_reloads
from .story import Story

__all__ = ["judge_rule"]

_BEFORE = 3.0  # seconds that a row may be on its way through the rule
_AFTER = 1.0  # seconds until the host has dialled the sink again


def judge_rule(evidence: Evidence) -> Verdict:
    """Each row comes once, in order, with its own answers; rows on their way to the sink may be
    lost when its worker dies, and more when the host does."""
    story = Story(evidence)
    found = [("stuck", evidence.failure)] if evidence.failure else []
    found += [("left behind", text) for text in evidence.seen]
    collected = [entry for entry in evidence.plugin if entry[0] == "collected"]
    emitted = {(e[2], e[3]): e[1] for e in evidence.plugin if e[0] == "emit"}
    found += _answers(story, collected)
    found += _order(story, collected)
    reloads, reload_counts = judge_reloads(story)
    found += reloads
    lost, forbidden = _missing(story, emitted, collected)
    if forbidden:
        at = story.since(emitted[forbidden[0]])
        found.append(("lost", f"{len(forbidden)} rows from {forbidden[0]} on, sent at {at}"))
    counts = {"deaths": len(story.deaths), "rule rows": len(collected), "rule rows lost": len(lost)}
    return Verdict([Finding(*each) for each in found], counts | reload_counts)


def _answers(story: Story, collected: list[list[Any]]) -> list[tuple[str, str]]:
    return [
        ("shifted", f"row {entry[2]} at {story.since(entry[1])}: {entry[4]}")
        for entry in collected
        if any(entry[4].get(name) != entry[2] for name in FUNCTIONS)
    ][:5]


def _order(story: Story, collected: list[list[Any]]) -> list[tuple[str, str]]:
    found = []
    last: dict[str, int] = {}
    for entry in collected:
        epoch, number = entry[4].get("epoch"), entry[2]
        if number <= last.get(epoch, -1):
            kind = "doubled" if number == last[epoch] else "reordered"
            text = f"row {number} of {epoch} at {story.since(entry[1])}, after {last[epoch]}"
            found.append((kind, text))
        last[epoch] = max(number, last.get(epoch, -1))
    return found[:5]


def _missing(
    story: Story, emitted: dict[tuple[str, int], float], collected: list[list[Any]]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The rows that were sent and did not come to the sink: permitted, forbidden."""
    came = {(entry[4].get("epoch"), entry[2]) for entry in collected}
    last = dict(sorted(emitted))
    causes = [(death.at, death.at) for death in story.deaths]
    causes += [(done.began, done.ended) for done in story.done("crash", "restart")]
    causes.append((story.evidence.ended, float("inf")))
    before = _BEFORE + story.paused
    permitted, forbidden = [], []
    for row, sent in sorted(emitted.items(), key=lambda item: item[1]):
        if row in came or row[1] == last[row[0]] or sent < story.evidence.began:
            continue
        excused = any(began - before <= sent <= ended + _AFTER for began, ended in causes)
        (permitted if excused else forbidden).append(row)
    return permitted, forbidden
