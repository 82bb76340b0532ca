"""The oracle finds what is wrong, and lets pass what a crash or the host may do."""

from __future__ import annotations

from typing import Any

import pytest

from .evidence import Done, Evidence
from .oracle import judge
from .plan import Plan

WORKER = 71
PLAN = Plan(0, True, True, acks=False, wrapped=False, full_disk=False, steps=())


def evidence(
    host: list[list[Any]] = (),  # type: ignore[assignment]
    plugin: list[list[Any]] = (),  # type: ignore[assignment]
    done: list[Done] = (),  # type: ignore[assignment]
    **changes: Any,
) -> Evidence:
    """A run of twenty seconds, with these lines in its journals."""
    born = ["born", 0.0, WORKER, "worker"]
    plan = PLAN._replace(**changes)
    down = ["down", 20.0, 1, []]
    return Evidence(plan, 0.0, 19.0, list(done), [*host, down], [born, *plugin], {}, [])


def kinds(run: Evidence) -> set[str]:
    return {finding.kind for finding in judge(run).findings}


def killed(at: float) -> Done:
    return Done("kill", "worker", at, at, str(WORKER))


def emitted(*numbers: int, epoch: str = "71.0", at: float = 5.0) -> list[list[Any]]:
    return [["emit", at + n / 100, epoch, n] for n in numbers]


def taken(*numbers: int, epoch: str = "71.0", at: float = 5.0) -> list[list[Any]]:
    return [["row", at + n / 100, epoch, n] for n in numbers]


def given(*numbers: int, outcome: str = "ok") -> list[list[Any]]:
    return [["given", 5.001 + n / 100, n, 5.0 + n / 100, outcome] for n in numbers]


def collected(*numbers: int) -> list[list[Any]]:
    return [["collected", 5.0005 + n / 100, n, WORKER, None] for n in numbers]


def called(outcome: str, began: float = 5.0, ended: float = 5.01) -> list[list[Any]]:
    return [["call", ended, "first", 7, began, outcome]]


def test_a_good_run():
    """Everything came once and in order."""
    rows = range(5)
    run = evidence(
        [*called("ok"), *taken(*rows), *given(*rows)], [*emitted(*rows, 5), *collected(*rows)]
    )
    verdict = judge(run)
    assert verdict.findings == []
    assert verdict.counts["source rows"] == verdict.counts["sink rows"] == 5


def test_what_was_seen_from_outside():
    """A flow that stands still, something left, and a run that broke off."""
    run = evidence()._replace(flowing={"source": None}, seen=["a process"], failure="it stopped")
    assert kinds(run) == {"stuck", "left behind"}


class TestCalls:
    """Each has its own answer."""

    def test_the_answer_of_another(self):
        """A shift is never permitted."""
        assert kinds(evidence(called("wrong: 6"), done=[killed(5.0)])) == {"shifted"}

    def test_a_failure_without_a_reason(self):
        """Not even a worker's death is one: the host asks again."""
        assert kinds(evidence(called("error: time out"))) == {"call failed"}
        assert kinds(evidence(called("error: time out"), done=[killed(5.0)])) == {"call failed"}

    def test_poison(self):
        """A call under which two workers died is answered with the signal."""
        done = [killed(5.0), killed(5.005)]
        assert kinds(evidence(called("error: killed by SIGSEGV"), done=done)) == set()

    @pytest.mark.parametrize(
        "done",
        [
            Done("pause", "", 4.0, 9.5),
            Done("hide", "first", 4.9, 4.9),
            Done("crash", "", 5.0, 5.3),
        ],
    )
    def test_reasons(self, done):
        """A host that slept or was killed, and a socket that was away."""
        assert kinds(evidence(called("error: time out", 4.0, 9.6), done=[done])) == set()

    def test_another_function(self):
        """What befell another is no reason."""
        run = evidence(called("error: time out"), done=[Done("hide", "second", 4.9, 4.9)])
        assert kinds(run) == {"call failed"}


class TestCommands:
    """Each is followed."""

    def command(self, outcome: str) -> list[list[Any]]:
        return [["did", 5.1, "again", "sink", 5.0, outcome]]

    def test_refused(self):
        """A refusal needs a reason, and one death is none: the next worker is given the command."""
        assert kinds(evidence(self.command("error: no"))) == {"command failed"}
        assert kinds(evidence(self.command("error: no"), done=[killed(5.0)])) == {"command failed"}

    def test_two_deaths(self):
        """A command of which two workers died is refused."""
        done = [killed(5.0), killed(5.05)]
        assert kinds(evidence(self.command("error: killed the worker"), done=done)) == set()

    def test_one_process(self):
        """Without a supervisor one death is enough."""
        run = evidence(self.command("error: no"), done=[killed(5.0)], supervised=False)
        assert kinds(run) == set()


class TestSource:
    """Rows that were sent come, in order, once."""

    def test_doubled_and_reordered(self):
        """Neither is ever permitted."""
        run = evidence(taken(0, 1, 1), emitted(0, 1, 2), [killed(5.0)])
        assert kinds(run) == {"doubled"}
        run = evidence(taken(0, 2, 1), emitted(0, 1, 2, 3), [killed(5.0)])
        assert kinds(run) == {"reordered"}

    def test_lost(self):
        """A row that was sent is in the host's hands, also when the worker dies."""
        run = evidence(taken(0, 1), emitted(0, 1, 2, 3), [killed(5.04)])
        assert kinds(run) == {"lost"}

    def test_the_last_one(self):
        """Of the last row nobody knows whether it was sent."""
        assert kinds(evidence(taken(0, 1), emitted(0, 1, 2), [killed(5.025)])) == set()
        assert kinds(evidence(taken(0, 1, 2), emitted(0, 1, 2), [killed(5.025)])) == set()

    def test_a_gap(self):
        """Rows in between may be missing only where the connection was cut there."""
        host, plugin = taken(0, 1, 5), emitted(0, 1, 2, 3, 4, 5, 6)
        assert kinds(evidence(host, plugin)) == {"lost"}
        cut = ["did", 5.02, "cut", "source", 5.015, "ok"]
        assert kinds(evidence([*host, cut], plugin)) == set()
        late = ["did", 9.02, "cut", "source", 9.015, "ok"]
        assert kinds(evidence([*host, late], plugin)) == {"lost"}

    def test_a_ghost(self):
        """A run that was stopped sends nothing when the next has begun."""
        plugin = [*emitted(0, 1, 2), *emitted(0, 1, epoch="71.1", at=5.015)]
        host = [*taken(0, 1, 2), *taken(0, 1, epoch="71.1", at=5.015)]
        assert kinds(evidence(host, plugin)) == {"ghost"}


class TestSink:
    """Rows that were given are collected, but for those on their way in a crash."""

    def test_doubled_and_reordered(self):
        """Neither is ever permitted."""
        assert kinds(evidence(given(0, 1), collected(0, 1, 1), [killed(5.0)])) == {"doubled"}
        moved = [["collected", 5.0, 1, WORKER, None], ["collected", 5.1, 0, WORKER, None]]
        assert kinds(evidence(given(0, 1), moved, [killed(5.0)])) == {"reordered"}

    def test_lost_in_a_crash(self):
        """The rows that the worker had not read yet."""
        host, plugin = given(0, 1, 2, 3), collected(0, 3)
        assert kinds(evidence(host, plugin, [killed(5.02)])) == set()
        assert judge(evidence(host, plugin, [killed(5.02)])).counts["sink rows lost"] == 2
        assert kinds(evidence(host, plugin)) == {"lost"}

    def test_lost_before_the_crash(self):
        """A later row was collected before the crash, so that one was not on its way any more."""
        host, plugin = given(0, 1, 9), collected(0, 9)
        assert kinds(evidence(host, plugin, [killed(5.6)])) == {"lost"}

    def test_acknowledged(self):
        """A row that was acknowledged is not lost, crash or not."""
        run = evidence(given(0, 1), collected(0), [killed(5.01)], acks=True)
        assert kinds(run) == {"lost"}

    def test_acknowledged_too_early(self):
        """An ack that comes before its row was collected is that of another."""
        late = [["collected", 5.5, 0, WORKER, None]]
        assert kinds(evidence(given(0), late, acks=True)) == {"shifted"}

    def test_no_ack(self):
        """Every row is acknowledged where that is asked for."""
        host = given(0, outcome="error: ack error: no ack in 3 s")
        assert kinds(evidence(host, acks=True)) == {"stuck"}


class TestReloads:
    """Each is done, by new code alone."""

    def reloaded(self, outcome: str, what: str = "reload") -> Done:
        return Done(what, "socket", 5.0, 5.2, outcome)

    def born(self, pid: int, at: float, version: int) -> list[Any]:
        return ["born", at, pid, "worker", version]

    def test_refused(self):
        """Only if somebody died meanwhile."""
        refused = self.reloaded("1 error: the new worker ended by SIGSEGV")
        assert kinds(evidence(done=[refused])) == {"reload"}
        assert kinds(evidence(done=[refused, killed(5.1)])) == set()

    def test_code_that_cannot_run(self):
        """It is not taken."""
        assert kinds(evidence(done=[self.reloaded("0 error: SyntaxError", "spoil")])) == set()
        assert kinds(evidence(done=[self.reloaded("0 ok", "spoil")])) == {"reload"}

    def test_old_code(self):
        """Nothing is done by it when the new one serves."""
        plugin = [self.born(WORKER, 0.0, 0), self.born(72, 5.1, 1)]
        done = [self.reloaded("1 ok")]
        new, old = (["answered", 5.3, pid, "first"] for pid in (72, WORKER))
        assert kinds(evidence(plugin=[*plugin, new], done=done)) == set()
        assert kinds(evidence(plugin=[*plugin, old], done=done)) == {"old code"}

    def test_back_to_an_old_worker(self):
        """No flow goes there once a later one has begun."""
        plugin = [self.born(WORKER, 0.0, 0), self.born(72, 5.1, 1)]
        turns = [["answered", 5.2 + n / 10, pid, "first"] for n, pid in enumerate((72, WORKER))]
        assert kinds(evidence(plugin=[*plugin, *turns])) == {"ghost"}
        turns[1][3] = "second"
        assert kinds(evidence(plugin=[*plugin, *turns])) == set()


class TestPoison:
    """It kills two workers, and is refused then."""

    REFUSED = "error: killed its worker twice (by SIGSEGV)"

    def run(self, deaths: int, outcome: str, target: str = "function") -> Evidence:
        died = [["death", 5.1 + n / 10, 71 + n, f"poison {target}", 11] for n in range(deaths)]
        return evidence([["poison", 5.9, target, 5.0, outcome]], died)

    def test_refused(self):
        assert kinds(self.run(2, self.REFUSED)) == set()

    def test_a_third_death(self):
        assert kinds(self.run(3, self.REFUSED)) == {"poison"}

    def test_answered(self):
        """By whom, if it kills?"""
        assert kinds(self.run(2, "'poison'")) == {"poison"}

    def test_a_row_without_acks(self):
        """Nobody says that it is skipped; it is seen by who lives."""
        assert kinds(self.run(2, "ok", "sink")) == set()
        assert kinds(self.run(3, "ok", "sink")) == {"poison"}


class TestHangs:
    """A call that hangs is a death, some time later."""

    def test_its_error_names_the_limit(self):
        """When two workers were killed for it."""
        hangs = [["hang", 5.1, WORKER, "exec"], ["hang", 6.3, 72, "exec"]]
        born = [["born", at, pid, "worker"] for at, pid in ((6.2, 72), (7.4, 73))]
        outcome = "error: killed its worker twice (call_timeout=1 s)"
        call = called(outcome, 5.0, 7.5)
        assert kinds(evidence(call, [*hangs, *born], call_timeout=1.0)) == set()
        assert kinds(evidence(call, call_timeout=1.0)) == {"call failed"}


class TestPlugin:
    """The host need not start it again."""

    def respawned(self, at: float) -> list[list[Any]]:
        return [["respawned", at + 0.2, at, "exit status 1", "ok"]]

    def test_after_a_workers_death(self):
        """A worker's death is not the plugin's, if it has a supervisor."""
        run = evidence(self.respawned(5.0), done=[killed(4.9)])
        assert kinds(run) == {"plugin ended"}
        assert kinds(run._replace(plan=PLAN._replace(supervised=False))) == set()

    def test_when_it_was_killed(self):
        """What the host started was killed itself."""
        run = evidence(self.respawned(5.0), done=[Done("kill", "plugin", 4.9, 4.9, "70")])
        assert kinds(run) == set()
