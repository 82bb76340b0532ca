"""Says of a run what was lost, doubled, reordered or shifted, and what of that is permitted.

A crash may lose sink rows that the worker had not read or not finished, and nothing else: a call
that was not answered is sent again, and a row that a source has sent is in the host's hands. What
the host itself throws away (it dies, it cuts a connection, it ends a rule) is not the plugin's
fault.
"""

from typing import Any, NamedTuple

from .calls import judge_calls, judge_commands
from .evidence import Evidence
from .renewals import judge_poison, judge_reloads
from .sinks import judge_sink
from .sources import judge_source
from .story import Story

__all__ = ["Finding", "Verdict", "judge"]


class Finding(NamedTuple):
    """One thing that must not be: what kind of thing, and which."""

    kind: str
    text: str


class Verdict(NamedTuple):
    findings: list[Finding]
    counts: dict[str, int]
    """How much there was of what, and how much of it was lost as a crash may lose it."""


def judge(evidence: Evidence) -> Verdict:
    """Everything that is wrong with a run, and what was seen of it."""
    story = Story(evidence)
    found: list[tuple[str, str]] = []
    counts: dict[str, int] = {}
    if evidence.failure:
        found.append(("stuck", evidence.failure))
    found += [
        ("stuck", f"{flow} does not work after the last fault")
        for flow, when in evidence.flowing.items()
        if when is None and not _left_out(story, flow)
    ]
    found += [("left behind", text) for text in evidence.seen]
    for part in _PARTS:
        part_found, part_counts = part(story)
        found += part_found
        counts |= part_counts
    return Verdict([Finding(*each) for each in _shortened(found)], counts)


def _judge_respawns(story: Story) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """A host has to start a plugin again only if what it had started was killed."""
    found = [
        ("plugin ended", f"at {story.since(outage.began)}: {outage.detail}")
        for outage in story.outages
        if not story.expected(outage)
    ]
    deaths = len(story.deaths)
    left_out = len(story.done("left out"))
    return found, {"deaths": deaths, "respawns": len(story.outages), "left out": left_out}


def _left_out(story: Story, flow: str) -> bool:
    """Whether its start had killed three workers in a row, so that no other is given it."""
    return bool(story.done("left out", target=flow)) and len(story.deaths) >= _TRIES


_TRIES = 3

_PARTS = (
    *(judge_calls, judge_commands, judge_source, judge_sink),
    *(judge_reloads, judge_poison, _judge_respawns),
)
_MOST = 5  # findings of a kind that are told


def _shortened(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    kinds: dict[str, list[tuple[str, Any]]] = {}
    for finding in found:
        kinds.setdefault(finding[0], []).append(finding)
    short: list[tuple[str, str]] = []
    for kind, each in kinds.items():
        short += each[:_MOST]
        if len(each) > _MOST:
            short.append((kind, f"and {len(each) - _MOST} more"))
    return short
