"""Judges what came of the source's rows."""

from typing import NamedTuple

from .evidence import Done
from .story import Story

__all__ = ["judge_source"]

Judged = tuple[list[tuple[str, str]], dict[str, int]]

_SLACK = 0.1  # seconds by which the two journals may disagree
_BUFFERED = 2.0  # seconds that a row may wait in the host before it is taken


class _Epoch(NamedTuple):
    """One run of the source: when it told of each row, and when the host took each."""

    name: str
    emitted: dict[int, float]
    taken: list[tuple[int, float]]


def judge_source(story: Story) -> Judged:
    """The rows of each run of the source come in order, once, and all that were sent."""
    epochs = _epochs(story)
    found: list[tuple[str, str]] = []
    lost = 0
    losing = _losing(story)
    for epoch in epochs:
        found += _order(story, epoch)
        permitted, forbidden = _missing(story, epoch, losing)
        lost += len(permitted)
        if forbidden:
            text = f"source {epoch.name}: {len(forbidden)} rows from {forbidden[0]} on, sent at "
            found.append(("lost", text + story.since(epoch.emitted[forbidden[0]])))
    found += _ghosts(story, epochs)
    taken = sum(len(epoch.taken) for epoch in epochs)
    return found, {"source rows": taken, "source rows lost": lost}


def _epochs(story: Story) -> list[_Epoch]:
    epochs: dict[str, _Epoch] = {}
    for entry in story.evidence.plugin:
        if entry[0] == "emit":
            epoch = epochs.setdefault(entry[2], _Epoch(entry[2], {}, []))
            epoch.emitted[entry[3]] = entry[1]
    for entry in story.evidence.host:
        if entry[0] == "row":
            epoch = epochs.setdefault(entry[2], _Epoch(entry[2], {}, []))
            epoch.taken.append((entry[3], entry[1]))
    return list(epochs.values())


def _losing(story: Story) -> list[Done]:
    """What makes the host itself throw away rows that it holds."""
    closed = Done("close", "", story.closed - 1.0, story.closed + 1.0)
    return [
        *story.done("crash"),
        *story.commands("cut", "restart", target="source"),
        closed,
    ]


def _order(story: Story, epoch: _Epoch) -> list[tuple[str, str]]:
    found = []
    seen: set[int] = set()
    last = -1
    for number, at in epoch.taken:
        text = f"source {epoch.name}: row {number} at {story.since(at)}"
        if number in seen:
            found.append(("doubled", text))
        elif number < last:
            found.append(("reordered", f"{text}, after {last}"))
        if number not in epoch.emitted:
            found.append(("invented", text))
        seen.add(number)
        last = max(last, number)
    return found


def _missing(story: Story, epoch: _Epoch, losing: list[Done]) -> tuple[list[int], list[int]]:
    """The rows that did not come although sending them returned: permitted, forbidden."""
    taken = dict(reversed(epoch.taken))
    numbers = sorted(taken)
    permitted, forbidden = [], []
    for number in sorted(epoch.emitted)[:-1]:  # of the last it is not known whether it was sent
        if number in taken:
            continue
        sent = epoch.emitted[number]
        later = min((taken[other] for other in numbers if other > number), default=float("inf"))
        excused = any(
            cause.began - _BUFFERED - story.paused <= sent <= cause.ended + _SLACK
            and cause.began <= later + _SLACK
            for cause in losing
        )
        (permitted if excused else forbidden).append(number)
    return permitted, forbidden


def _ghosts(story: Story, epochs: list[_Epoch]) -> list[tuple[str, str]]:
    """Runs that still sent rows when a later run of the same worker had begun."""
    found = []
    for old in epochs:
        for new in epochs:
            if not old.emitted or not new.emitted or not _follows(old.name, new.name):
                continue
            began = min(new.emitted.values())
            late = [n for n, _ in old.taken if old.emitted.get(n, 0.0) > began]
            if late:
                text = f"source {old.name} sent rows {late[:3]} after {new.name} had begun"
                found.append(("ghost", text))
    return found


def _follows(old: str, new: str) -> bool:
    (pid, number), (other_pid, other_number) = old.split("."), new.split(".")
    return pid == other_pid and int(number) < int(other_number)
