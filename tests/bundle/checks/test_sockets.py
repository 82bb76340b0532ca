"""Rules that come with a plugin, and the sockets that they will have."""

import json
from functools import partial
from io import BytesIO

import pytest

from ekuiper.bundle.checks.model import Bundle, Member
from ekuiper.bundle.checks.sockets import check_rule_files
from ekuiper.bundle.manifest import Manifest

PLUGIN = Manifest("probe", "", "python", "main.py", None, None, ("sensor",), ("store",), ())
LONG = "x" * 60


def found(**files: str) -> list[tuple[str, str]]:
    names = {"rule": "rules/a.json", "streams": "streams/a.sql", "other": "rules/b.json"}
    members = [
        Member(names[key], 0o100644, len(text), partial(BytesIO, text.encode()))
        for key, text in files.items()
    ]
    findings = check_rule_files(Bundle("probe", tuple(members)), PLUGIN)
    return [(each.id, each.place) for each in findings]


def rule(identity: str, stream: str = "s", **action: object) -> str:
    return json.dumps({"id": identity, "sql": f"SELECT * FROM {stream}", "actions": [action]})


def stream(name: str, kind: str = "sensor", **options: str) -> str:
    words = {"TYPE": kind, "FORMAT": "json", **options}
    given = ", ".join(f'{key}="{value}"' for key, value in words.items())
    return f"-- a stream\nCREATE STREAM {name} () WITH ({given});\n"


def test_what_fits() -> None:
    """Rules and streams with names as people choose them."""
    assert found(rule=rule("all", store={}), streams=stream("s")) == []


@pytest.mark.parametrize("identity", [LONG, "r"])
def test_streams(identity: str) -> None:
    """A source's socket is named after rule and stream; a shared one after the stream, twice."""
    name = "y" * 40
    too_long = [("socket-path", "rules/a.json")]

    assert found(rule=rule(identity, name), streams=stream(name)) == (
        too_long if identity == LONG else []
    )
    assert found(rule=rule(identity, name), streams=stream(name, SHARED="true")) == too_long


def test_streams_of_others() -> None:
    """Sockets are for the plugin's own sources, and for streams that the rule reads."""
    files = {"rule": rule(LONG, "y" * 40)}

    assert found(**files, streams=stream("y" * 40, "mqtt")) == []
    assert found(**files, streams=stream("z" * 40)) == []


def test_sinks() -> None:
    """A sink's socket is named after rule, sink and number; eKuiper's own sinks have none."""
    assert found(rule=rule("r" * 90, store={})) == [("socket-path", "rules/a.json")]
    assert found(rule=rule("r" * 90, log={})) == []


def test_ids() -> None:
    """eKuiper 2.4 takes letters, digits, - and _ in ids; a slash is no name for a socket."""
    assert found(rule=rule("a b")) == [("rule-id", "rules/a.json")]
    assert found(rule=rule("a/b", store={})) == [
        ("rule-id", "rules/a.json"),
        ("socket-path", "rules/a.json"),
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 3}', '{"id": "a", "actions": {"store": 1}}'])
def test_files_that_are_no_rules(text: str) -> None:
    """They are ekuiper run's affair, and eKuiper's."""
    assert found(rule=text) == []
