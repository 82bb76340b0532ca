"""Deaths and outages, as they are read out of a run's journals."""

from __future__ import annotations

from typing import Any

from .evidence import Done
from .story import Story
from .test_oracle import evidence, killed, kinds


def deaths(host: list[list[Any]], *done: Done) -> list[float]:
    return [death.at for death in Story(evidence(host, done=list(done))).deaths]


def test_a_plugin_that_the_host_kills():
    """Once, when the host did so; when it was told, if it was killed before it could write that."""
    told, crash = Done("respawn", "", 5.0, 5.0), Done("crash", "", 6.0, 7.0)
    respawned = ["respawned", 5.4, 5.1, "told to", "ok"]

    assert deaths([respawned], told) == [5.1]
    assert deaths([respawned], told, crash) == [5.1, 6.0]
    assert deaths([], told, crash) == [5.0, 6.0]
    assert deaths([["respawned", 9.4, 9.1, "told to", "ok"]], told, crash) == [5.0, 6.0, 9.1]


def test_what_is_left_out():
    """Permitted after three deaths, if the supervisor says so."""
    out, deaths = Done("left out", "sink", 19.0, 19.0), [killed(at) for at in (5.0, 6.0, 7.0)]
    for done, found in (
        ([out, *deaths], set()),
        ([out, *deaths[1:]], {"stuck"}),
        (deaths, {"stuck"}),
    ):
        assert kinds(evidence(done=done)._replace(flowing={"sink": None})) == found


def test_a_row_with_a_number_of_its_own():
    """A large one came before the row that a death lost, though its number is higher."""
    host = [["given", 5.0, 900_000, 4.9, "ok"], ["given", 6.001, 7, 6.001, "ok"]]
    plugin = [["collected", 5.5, 900_000, 71, None]]

    assert kinds(evidence(host, plugin, done=[killed(6.0)])) == set()
    assert kinds(evidence(host, plugin)) == {"lost"}
