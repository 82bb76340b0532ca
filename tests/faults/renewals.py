"""Judges reloads, and what becomes of what kills whoever is asked it."""

from .evidence import Done
from .story import Story

__all__ = ["judge_poison", "judge_reloads"]

Judged = tuple[list[tuple[str, str]], dict[str, int]]

_BEFORE = 2.0  # seconds after a death in which a plugin may not be ready for a reload
_WORDS = {"emit": 2, "answered": 2, "collected": 3}
"""What the plugin writes down of its flows, and where stands who wrote it."""


def judge_reloads(story: Story) -> Judged:
    """Each is done, unless somebody died meanwhile; afterwards nothing is done by old code, and
    never anything by a worker once a later one has begun with it. Code that cannot run is not
    taken."""
    found: list[tuple[str, str]] = []
    failed = 0
    versions = {e[2]: e[4] for e in story.evidence.plugin if e[0] == "born" and len(e) > 4}
    done = story.done("reload", "spoil")
    for each in done:
        version, _, outcome = each.detail.partition(" ")
        text = f"{each.what} by {each.target} at {story.since(each.began)}: {each.detail}"
        if each.what == "spoil" and outcome == "ok":
            found.append(("reload", f"{text}, though it cannot run"))
        elif each.what == "reload" and outcome == "ok":
            found += _old_code(story, each, int(version), versions)
        elif outcome != "ok":
            failed += each.what == "reload"
            if each.what == "reload" and not _may_fail(story, each):
                found.append(("reload", text))
    found += _interleaved(story)
    return found, {"reloads": len(done), "reloads failed": failed}


def _may_fail(story: Story, done: Done) -> bool:
    within = story.deaths_within(done.began - _BEFORE, done.ended) > 0
    return within or story.excused(done.began, done.ended, story.outages, _BEFORE)


def _old_code(
    story: Story, done: Done, version: int, versions: dict[int, int]
) -> list[tuple[str, str]]:
    """Who did something with older code after that."""
    for entry in story.evidence.plugin:
        if entry[0] in _WORDS and entry[1] > done.ended:
            who = _who(entry[_WORDS[entry[0]]])
            if versions.get(who, version) < version:
                text = f"{entry[0]} at {story.since(entry[1])} by version {versions[who]}"
                return [("old code", f"{text}, after {version} was told to serve")]
    return []


def _interleaved(story: Story) -> list[tuple[str, str]]:
    """A flow that went back to an earlier worker. Of the source counts what was taken: one whose
    channel was handed on may be about to emit."""
    born = [entry[2] for entry in story.evidence.plugin if entry[0] == "born"]
    ages = {pid: number for number, pid in enumerate(born)}
    taken = {(e[2], e[3]) for e in story.evidence.host if e[0] == "row"}
    youngest: dict[str, int] = {}
    for entry in sorted(story.evidence.plugin, key=lambda entry: float(entry[1])):
        word = entry[0]
        if word not in _WORDS or (word == "emit" and (entry[2], entry[3]) not in taken):
            continue
        flow = f"{word} {entry[3]}" if word == "answered" else word
        age = ages.get(_who(entry[_WORDS[word]]), 0)
        if age < youngest.get(flow, 0):
            text = f"{flow} at {story.since(entry[1])} by {born[age]}, after {born[youngest[flow]]}"
            return [("ghost", text)]
        youngest[flow] = age
    return []


def _who(name: object) -> int:
    """The process, which a source's rows are named after."""
    return int(str(name).partition(".")[0])


def judge_poison(story: Story) -> Judged:
    """It kills two workers, and is refused then, by each plugin that the host starts."""
    found = []
    poisoned = [entry for entry in story.evidence.host if entry[0] == "poison"]
    killed = 0
    for _, ended, target, began, outcome in poisoned:
        point = f"poison {target}"
        deaths = [e for e in story.evidence.plugin if e[0] == "death" and e[3] == point]
        within = sum(began <= death[1] <= ended + 0.5 for death in deaths)
        killed += within
        outages = [each for each in story.outages if story.expected(each)]
        lives = 1 + sum(each.ended >= began and each.began <= ended for each in outages)
        text = f"{point} at {story.since(began)}: {outcome}"
        if within > 2 * lives:
            found.append(("poison", f"{text}, after it had killed {within} workers"))
        elif target == "function" and not outcome.startswith("error"):
            found.append(("poison", f"{text}, though it kills"))
        elif lives == 1 and "killed its worker" not in outcome and not _weak(story, target):
            found.append(("poison", text))
    return found, {"poison": len(poisoned), "killed by poison": killed}


def _weak(story: Story, target: str) -> bool:
    """Whether the answer may be another one: without acks nobody gives one."""
    others = ("crash", "pause", "hide", "replace")
    return (target == "sink" and not story.plan.acks) or bool(story.done(*others))
