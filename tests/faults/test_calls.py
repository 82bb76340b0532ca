"""What calls and commands may suffer from the host, and no more."""

from __future__ import annotations

from typing import Any

from .evidence import Done
from .test_oracle import called, evidence, kinds


def paused(began: float, ended: float) -> Done:
    return Done("pause", "", began, ended)


def did(what: str, began: float, ended: float, outcome: str = "ok") -> list[Any]:
    return ["did", ended, what, "source", began, outcome]


def test_pauses_count_together():
    """A host that slept three seconds twice in five has not waited for the answer; one that did so
    long before has."""
    failed = called("error: time out", 5.0, 11.2)

    assert kinds(evidence(failed, done=[paused(5.1, 8.1), paused(8.2, 11.2)])) == set()
    assert kinds(evidence(failed, done=[paused(1.1, 4.1), paused(8.2, 11.2)])) == {"call failed"}


def test_a_start_while_the_host_restarts_the_rule():
    """Its socket is closed then; without a restart it is there."""
    start = did("again", 5.0, 7.0, "error: cannot connect to ipc:///s/rule1_demo_0.ipc")

    assert kinds(evidence([start, did("restart", 5.2, 7.1)])) == set()
    assert kinds(evidence([start, did("restart", 2.0, 2.1)])) == {"command failed"}
    assert kinds(evidence([start])) == {"command failed"}
