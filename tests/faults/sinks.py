"""Judges what came of the rows that the sink was given."""

from .evidence import Done
from .story import Story

__all__ = ["judge_sink"]

Judged = tuple[list[tuple[str, str]], dict[str, int]]

_SLACK = 0.3  # seconds after a death in which the host may still write to the dead
_EARLY = 0.05
_NEVER = float("inf")
_BUFFERED = 2.0  # seconds that a row may wait in a buffer before the sink reads it


def judge_sink(story: Story) -> Judged:
    """Rows come in order, once, and all but those that a crash or a stop may lose; what was
    acknowledged had been collected."""
    given = {
        entry[2]: (entry[3], entry[1], entry[4])
        for entry in story.evidence.host
        if entry[0] == "given"
    }
    collected = [(entry[2], entry[1]) for entry in story.evidence.plugin if entry[0] == "collected"]
    found = _order(story, collected)
    lost, forbidden = _missing(story, given, collected)
    if forbidden:
        at = story.since(given[forbidden[0]][0])
        found.append(("lost", f"sink: {len(forbidden)} rows from {forbidden[0]} on, given at {at}"))
    if story.plan.acks:
        found += _acks(story, given, dict(reversed(collected)))
    outcomes = [outcome for _, _, outcome in given.values()]
    return found, {
        "sink rows": len(collected),
        "sink rows lost": len(lost),
        "sink rows failed": sum(outcome != "ok" for outcome in outcomes),
        "acks that never came": sum("no ack" in outcome for outcome in outcomes),
    }


def _order(story: Story, collected: list[tuple[int, float]]) -> list[tuple[str, str]]:
    found = []
    seen: set[int] = set()
    last = -1
    for number, at in collected:
        text = f"sink: row {number} at {story.since(at)}"
        if number in seen:
            found.append(("doubled", text))
        elif number < last and number % 1_000_000 != 900_000 and last % 1_000_000 != 900_000:
            found.append(("reordered", f"{text}, after {last}"))
        seen.add(number)
        last = max(last, number)
    return found


def _losing(story: Story) -> list[Done]:
    """What may lose rows on their way to `collect`."""
    closed = Done("close", "", story.closed - 1.0, story.closed + 1.0)
    return [
        *(Done("death", "", death.at, death.at) for death in story.deaths),
        *story.outages,
        *story.commands("again", "restart", "reorder", "cut", target="sink"),
        *story.commands("concurrent"),
        closed,
    ]


def _missing(
    story: Story,
    given: dict[int, tuple[float, float, str]],
    collected: list[tuple[int, float]],
) -> tuple[list[int], list[int]]:
    """The rows that the host had written and that were not collected: permitted, forbidden."""
    when = dict(reversed(collected))
    causes = _losing(story)
    permitted, forbidden = [], []
    given_up = _given_up(given)
    later = _NEVER  # when the first of the rows given after it was collected
    for number in sorted(given, key=lambda number: given[number][0], reverse=True):
        began, _, outcome = given[number]
        if number in when:
            later = min(later, when[number])
        elif outcome == "ok":
            sure = story.plan.acks and began < given_up  # an ack is the word for it
            excused = not sure and any(
                cause.began - _BUFFERED - story.paused <= began <= cause.ended + _SLACK
                and cause.began <= later + _EARLY
                for cause in causes
            )
            (permitted if excused else forbidden).append(number)
    return permitted[::-1], forbidden[::-1]


def _given_up(given: dict[int, tuple[float, float, str]]) -> float:
    """When the host first gave up an ack, which may come and be taken for the next one's."""
    return min((ended for _, ended, text in given.values() if "no ack" in text), default=_NEVER)


def _acks(
    story: Story, given: dict[int, tuple[float, float, str]], collected: dict[int, float]
) -> list[tuple[str, str]]:
    """An ack belongs to its row, and comes: with a supervisor also that of a row which a dying
    worker held, though it is an error."""
    found = []
    causes = [*_losing(story), *story.done("pause")]
    silencing = [each for each in causes if each.what != "death" or not story.plan.supervised]
    given_up = _given_up(given)
    for number, (began, ended, outcome) in given.items():
        text = f"sink: row {number}, given at {story.since(began)}"
        if outcome != "ok" and story.backs_off(began, ended):
            continue
        if outcome == "ok" and collected.get(number, ended) > ended and ended <= given_up:
            found.append(("shifted", f"{text}, acknowledged before it was collected"))
        elif "no ack" in outcome and not story.excused(began, ended, silencing, _SLACK):
            found.append(("stuck", f"{text}: {outcome}"))
        elif outcome != "ok" and not story.excused(began, ended, causes, 1.0):
            found.append(("sink failed", f"{text}: {outcome}"))
    return found
