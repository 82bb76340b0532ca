"""The names, signatures and answers that a plugin's file relies on, in both packages."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Pair, both_at_once
from .installed import Sdk

# Parameters that may be left out here, and not there (users.md asks for it, or it does no harm).
OPTIONAL = {
    ("PluginConfig", "sources"),
    ("PluginConfig", "sinks"),
    ("PluginConfig", "functions"),
    ("Context.emit", "meta"),
}

PROBE = Path(__file__).with_name("probe.py")


def probe(sdk: Sdk) -> Any:
    done = subprocess.run(
        [str(sdk.python), str(PROBE)],
        env={**os.environ, **sdk.env},
        capture_output=True,
        text=True,
        timeout=60.0,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def surface(sdks: Pair) -> Pair:
    """What `probe.py` finds under either interpreter."""
    return both_at_once(probe, sdks)


def test_two_packages(surface: Pair) -> None:
    """The two interpreters do import two packages."""
    assert surface.official["version"] == "2.4.2"
    assert surface.ours["version"] != surface.official["version"]
    assert surface.official["file"] != surface.ours["file"]


def test_names(surface: Pair) -> None:
    """Every name can be imported from where the official package has it, and is the same there."""
    for what in ("all", "offered", "same"):
        assert surface.ours[what] == surface.official[what]
    assert len(surface.ours["offered"]) == 13


def test_signatures(surface: Pair) -> None:
    """Every call that the official signatures accept is accepted here and means the same: the same
    parameters in the same order with the same defaults, then others that may be left out."""
    official, ours = surface.official["signatures"], surface.ours["signatures"]
    assert official.keys() <= ours.keys()
    for name, parameters in official.items():
        here = ours[name][: len(parameters)]
        optional = [
            [*parameter[:2], True, mine[3]] if (name, parameter[0]) in OPTIONAL else parameter
            for parameter, mine in zip(parameters, here, strict=True)
        ]
        assert here == optional, name
        for added, kind, has_default, _ in ours[name][len(parameters) :]:
            assert has_default, f"{name}: {added}"
            assert kind == "KEYWORD_ONLY", f"{name}: {added}"


def test_methods(surface: Pair) -> None:
    """The base classes have the official methods, and no other but those of the context."""
    added = surface.ours["signatures"].keys() - surface.official["signatures"].keys()
    assert added == set()


def test_plugin_config(surface: Pair) -> None:
    """`PluginConfig` answers the same, has the same attributes, and keeps the dicts it is given."""
    ours, official = surface.ours["config"], surface.official["config"]
    assert set(ours.pop("written")) >= set(official.pop("written"))
    assert ours == official


def test_subclassing(surface: Pair) -> None:
    """The base classes can be subclassed in part, instantiated, and called through `super()`."""
    assert surface.ours["subclassing"] == surface.official["subclassing"]


def test_base_classes_do_nothing(surface: Pair) -> None:
    """Plugins call them: `super().open(ctx)`, or `Source().open(Context())` to try things out."""
    assert set(surface.official["abstract"].values()) == {"None"}
    assert set(surface.ours["abstract"].values()) == {"None"}


def test_b18_wrong_declarations_are_taken(surface: Pair) -> None:
    """b18: a plugin that cannot work is declared without a word there; here it is a ConfigError."""
    assert set(surface.official["declared"].values()) == {"taken"}
    assert set(surface.ours["declared"].values()) == {"raises ConfigError"}


def test_b18_dependencies(surface: Pair) -> None:
    """b18: the official package pins one pynng and says nothing of types; ours needs nothing and is
    typed."""
    assert surface.official["requires"] == ["pynng==0.8.1"]
    assert surface.ours["requires"] == []
    assert [surface.official["typed"], surface.ours["typed"]] == [False, True]
