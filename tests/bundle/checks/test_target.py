"""A plugin against what a certain eKuiper has."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ekuiper.bundle.checks import Finding, Installed, Target, check_target
from ekuiper.bundle.checks.finding import Hosts
from ekuiper.bundle.manifest import Manifest

PLUGIN = Manifest("probe", "2", "python", "main.py", None, None, ("s",), (), ("f", "g"))
HOST = Target("edge1:9081", "2.4.0")


def told(found: Iterable[Finding]) -> list[tuple[str, str]]:
    findings = list(found)
    assert all(each.place == HOST.place and each.fix for each in findings)
    return [(each.id, each.reason) for each in findings]


def meets(*plugins: Installed) -> list[tuple[str, str]]:
    return told(check_target(PLUGIN, replace(HOST, plugins=plugins)))


def test_nothing_in_the_way() -> None:
    """An empty host, other plugins with other symbols, and the same plugin before."""
    other = Installed("other", functions=("h",), sources=("f",))
    same = Installed("probe", "1", sources=("s",), functions=("f",))

    assert meets() == meets(other) == meets(same) == []


def test_symbols_of_another_plugin() -> None:
    """A symbol of the same kind and name, of another plugin, is an error for each."""
    other = Installed("other", functions=("g", "f"), sources=("s",))

    assert meets(other) == [
        ("symbol-taken", "the source 's' is the plugin 'other''s there, too"),
        ("symbol-taken", "the function 'f' is the plugin 'other''s there, too"),
        ("symbol-taken", "the function 'g' is the plugin 'other''s there, too"),
    ]


def test_the_name_of_another_plugin() -> None:
    """A plugin of this name that shares no symbol may be somebody else's."""
    assert meets(Installed("probe", "1", sinks=("x",))) == [
        ("plugin-taken", "has a plugin 'probe' with quite other symbols: x")
    ]


def test_symbols_that_are_dropped() -> None:
    """What the installed edition has and this one has not is told: rules may use it."""
    assert meets(Installed("probe", "1", sources=("s",), functions=("f", "h"))) == [
        ("symbol-dropped", "its probe 1 has the function 'h'")
    ]


@pytest.mark.parametrize(
    ("version", "ids"), [("1.10.2", ["old-host"]), ("1.14.7", []), ("v2.4.0", []), ("dev", [])]
)
def test_versions(version: str, ids: list[str]) -> None:
    """Those before 1.14 are told; of a version that is no number nothing is known."""
    found = told(check_target(PLUGIN, replace(HOST, version=version)))

    assert [each for each, _ in found] == ids


@pytest.mark.parametrize(("version", "count"), [("2.2.5", 1), ("2.4.0", 2), ("dev", 2)])
def test_findings_of_other_versions(version: str, count: int) -> None:
    """What does not happen on this host is left out."""
    always = Finding("a", "error", "x", "y", "z")
    lately = Finding("b", "error", "x", "y", "z", Hosts(since=(2, 4)))

    assert len(replace(HOST, version=version).concerned([always, lately])) == count


@pytest.mark.parametrize(("version", "ids"), [("1.14.7", ["sink-restart"]), ("2.0.8", [])])
def test_sinks_on_old_hosts(version: str, ids: list[str]) -> None:
    """eKuiper 1.14 keeps the socket of a sink's acks."""
    plugin = replace(PLUGIN, sinks=("print",))

    assert [each.id for each in check_target(plugin, replace(HOST, version=version))] == ids
