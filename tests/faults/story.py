"""The journals of a run as the oracle reads them: deaths, outages, and what may excuse what."""

from collections.abc import Iterable
from typing import NamedTuple

from .evidence import Done, Evidence

__all__ = ["Death", "Story"]

_EARLY = 0.05  # seconds by which two journals may disagree about what came first
_MANY = 6  # deaths within a minute after which a supervisor waits for seconds
_MINUTE = 60.0
_LONGEST = 5.0  # seconds that it waits at most
_KEEPER = 1.0  # seconds from a death until the host has seen it, on a busy machine


class Death(NamedTuple):
    """A process of the plugin was killed."""

    at: float
    pid: int
    role: str
    """`top` or `worker`; what the host started is the top."""


class Story:
    """One run, told from its journals."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.plan = evidence.plan
        roles = {entry[2]: entry[3] for entry in evidence.plugin if entry[0] == "born"}
        self.deaths = sorted(_deaths(evidence, roles))
        pauses = (done for done in evidence.done if done.what == "pause")
        self.paused = sum(pause.ended - pause.began for pause in pauses)
        """Seconds that the host slept, in all: by so much it may have seen things late."""
        self.outages = list(_outages(evidence, self.deaths, _KEEPER + self.paused))
        self.closed = max(
            (entry[1] for entry in evidence.host if entry[0] == "down"), default=float("inf")
        )

    def since(self, moment: float) -> str:
        """A moment, as seconds after rows flowed."""
        return f"{moment - self.evidence.began:.3f} s"

    def done(self, *whats: str, target: str = "") -> list[Done]:
        """What was done of these kinds, to this target if one is given."""
        return [
            each
            for each in self.evidence.done
            if each.what in whats and target in ("", each.target)
        ]

    def commands(self, *whats: str, target: str = "") -> list[Done]:
        """What the host did when it was told to, from beginning to end."""
        return [
            Done(entry[2], entry[3], entry[4], entry[1], entry[5])
            for entry in self.evidence.host
            if entry[0] == "did" and entry[2] in whats and target in ("", entry[3])
        ]

    def deaths_within(self, began: float, ended: float) -> int:
        return sum(began - _EARLY <= death.at <= ended + _EARLY for death in self.deaths)

    def paused_within(self, began: float, ended: float) -> float:
        """Seconds of that time in which the host slept."""
        pauses = self.done("pause")
        return sum(max(0.0, min(ended, each.ended) - max(began, each.began)) for each in pauses)

    def backs_off(self, began: float, ended: float) -> bool:
        """Whether so many had died that the supervisor took its time for the next one then."""
        times = [death.at for death in self.deaths]
        return any(
            began - _LONGEST <= at <= ended
            and sum(at - _MINUTE < other <= at for other in times) >= _MANY
            for at in times
        )

    def excused(self, began: float, ended: float, reasons: Iterable[Done], after: float) -> bool:
        """Whether one of these lay within that time, or at most `after` seconds before it."""
        return any(
            reason.began <= ended + _EARLY and began <= reason.ended + after for reason in reasons
        )

    def expected(self, outage: Done) -> bool:
        """Whether the host had reason to start the plugin again."""
        late = _KEEPER + self.paused
        if not self.plan.supervised and self.deaths_within(outage.began - late, outage.ended):
            return True
        killed = [death for death in self.deaths if death.role == "top"]
        if any(outage.began - late <= death.at <= outage.ended for death in killed):
            return True
        causes = [*self.commands("respawn"), *self.done("kill", target="plugin")]
        return self.excused(outage.began, outage.ended, causes, late)


def _deaths(evidence: Evidence, roles: dict[int, str]) -> Iterable[Death]:
    for entry in evidence.plugin:
        if entry[0] == "death":
            yield Death(entry[1], entry[2], roles.get(entry[2], "worker"))
        elif entry[0] == "hang":
            yield Death(_killed(evidence, entry[1]), entry[2], "worker")
    for done in evidence.done:
        if done.what == "kill" and done.detail.isdecimal():
            pid = int(done.detail)
            role = "top" if done.target == "plugin" else roles.get(pid, "worker")
            yield Death(done.began, pid, role)
        elif done.what == "crash":
            yield Death(done.began, 0, "top")
    respawned = [e[2] for e in evidence.host if e[0] == "respawned" and e[3] == "told to"]
    untold = (at for at in _told_to_respawn(evidence) if not _soon(at, respawned, evidence))
    for at in (*respawned, *untold):
        yield Death(at, 0, "top")


def _told_to_respawn(evidence: Evidence) -> list[float]:
    return [done.began for done in evidence.done if done.what == "respawn"]


def _soon(at: float, respawned: list[float], evidence: Evidence) -> bool:
    """Whether the host wrote that it did so; one that was killed before it was over did not."""
    crashes = [done.began for done in evidence.done if done.what == "crash" and done.began >= at]
    return any(at - _EARLY <= each <= min([*crashes, float("inf")]) for each in respawned)


def _killed(evidence: Evidence, hung: float) -> float:
    """When a worker was killed for a call that began then: before the next one was born, some
    time after its limit."""
    born = [entry[1] for entry in evidence.plugin if entry[0] == "born" and entry[1] > hung]
    return min([*born, hung + 2 * evidence.plan.call_timeout])


def _outages(evidence: Evidence, deaths: list[Death], late: float) -> Iterable[Done]:
    """From the death before it to the end of each start of the plugin."""
    for entry in evidence.host:
        if entry[0] == "respawned":
            before = [death.at for death in deaths if entry[2] - late <= death.at <= entry[2]]
            began = max(before, default=entry[2])
            yield Done("outage", "", began, entry[1], f"{entry[3]}; {entry[4]}")
    for done in evidence.done:
        if done.what == "crash":
            yield Done("outage", "", done.began, done.ended, "the host was killed")
