"""Judges what functions answered, and what became of commands."""

import re

from .story import Story

__all__ = ["judge_calls", "judge_commands"]

Judged = tuple[list[tuple[str, str]], dict[str, int]]

_PATIENCE = 4.0  # seconds of pauses after which the host's own 5 s may have run out
_AGAIN = 5.0  # seconds until what failed because a socket was away has been tried again
_SPOILT = 2.0  # seconds until a file that was put right has been read
_REASON = re.compile(r"SIG[A-Z]+|signal|call_timeout")


def judge_calls(story: Story) -> Judged:
    """Each call has its own answer, and one that fails has a reason."""
    found = []
    calls = [entry for entry in story.evidence.host if entry[0] == "call"]
    for _, ended, name, number, began, outcome in calls:
        if outcome == "ok":
            continue
        text = f"{name}({number}), called at {story.since(began)}, {ended - began:.3f} s: {outcome}"
        if outcome.startswith("wrong"):
            found.append(("shifted", text))
        elif not _call_may_fail(story, name, began, ended, outcome):
            found.append(("call failed", text))
    failed = sum(entry[5].startswith("error") for entry in calls)
    return found, {"calls": len(calls), "calls failed": failed}


def _call_may_fail(story: Story, name: str, began: float, ended: float, outcome: str) -> bool:
    if story.excused(began, ended, filter(story.expected, story.outages), 1.0):
        return True
    pauses = [pause for pause in story.done("pause") if pause.ended - pause.began >= _PATIENCE]
    if story.paused_within(began, ended) >= _PATIENCE:
        return True
    away = [*story.done("hide", "replace", target=name), *story.commands("big")]
    if story.excused(began, ended, pauses, 0.5) or story.excused(began, ended, away, _AGAIN):
        return True
    if "time out" in outcome and story.backs_off(began, ended):
        return True
    deaths = story.deaths_within(began, ended)
    return deaths >= 2 and _REASON.search(outcome) is not None


def judge_commands(story: Story) -> Judged:
    """Each command is followed, also by the worker after the one that died of it."""
    found = []
    commands = [entry for entry in story.evidence.host if entry[0] == "did"]
    failed = 0
    for _, ended, what, target, began, outcome in commands:
        if outcome == "ok" or (what == "cut" and outcome == "there is none"):
            continue
        failed += 1
        excused = story.excused(began, ended, filter(story.expected, story.outages), 1.0)
        deaths = story.deaths_within(began, ended)
        away = story.done("hide", "replace")
        spoilt = "SyntaxError" in outcome and story.excused(
            began, ended, story.done("spoil"), _SPOILT
        )
        ended_by_host = what == "again" and "cannot connect" in outcome
        restarts = story.commands("restart", target=target) if ended_by_host else []
        enough = 2 if story.plan.supervised else 1
        if outcome.startswith("broken") or not (
            excused
            or spoilt
            or deaths >= enough
            or story.backs_off(began, ended)
            or story.excused(began, ended, away, _AGAIN)
            or story.excused(began, ended, restarts, 0.0)  # the host has closed its socket
        ):
            text = f"{what} {target} at {story.since(began)}, {ended - began:.3f} s: {outcome}"
            found.append(("command failed", text))
    return found, {"commands": len(commands), "commands failed": failed}
