"""`ekuiper deploy`, `undeploy`, `host` and `try` as a user calls them, on eKuipers of the tests."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ..host.rest.archives import plugin_zip
from ..host.rest.stub import Handler, Stub, fault, saying
from .conftest import COMMAND, DEADLINE, Ran, environment

Command = Callable[..., Ran]


@pytest.fixture
def stubs() -> Iterator[list[Stub]]:
    """Two hosts, of an old and a new version."""
    with Stub("1.14.7") as old, Stub("2.4.0") as new:
        yield [old, new]


@pytest.fixture
def deploy(command: Command, stubs: list[Stub], tmp_path: Path) -> Command:
    """`ekuiper VERB … --to <both>`, with a record of its own."""
    places = [word for stub in stubs for word in ("--to", stub.url)]

    def run(verb: str, *arguments: str | Path, **changes: str) -> Ran:
        words = verb.split()
        state = {"XDG_STATE_HOME": str(tmp_path / "state"), **changes}
        return command(*words, *arguments, *places, **state)

    return run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return plugin_zip(tmp_path / "x.zip", "mine", version="1.2", functions=["f"])


def test_two_hosts(deploy: Command, stubs: list[Stub], archive: Path) -> None:
    """Both have it, and each is told of in lines."""
    ran = deploy("deploy", archive, "--no-check")
    assert ran.code == 0, ran
    assert ran.out.splitlines()[0].startswith("mine 1.2, ")
    for stub in stubs:
        assert stub.installed["mine"]
        assert f"✓ {stub.name}  eKuiper {stub.version}" in ran.out
        assert f"{stub.name}: installing mine-" in ran.out
    assert "f: answered" in ran.out
    assert "2 of 2 hosts: done" in ran.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end(stubs: list[Stub], tmp_path: Path, number: int) -> None:
    """In the middle, be it by Ctrl-C, the end of a job or of a terminal: the new plugin is removed
    and that is said."""
    mute = plugin_zip(tmp_path / "x.zip", "mine", marks=("mute",), functions=["f"])
    stub = stubs[1]
    words = ["deploy", str(mute), "--no-check", "--to", stub.url]
    state = environment(XDG_STATE_HOME=str(tmp_path))
    running = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True, env=state)
    assert running.stdout is not None
    lines = iter(running.stdout.readline, "")
    assert any("asking f" in line for line in lines)
    running.send_signal(number)
    told = running.communicate(timeout=DEADLINE)[0]
    assert running.returncode == 1
    assert "interrupted" in told
    assert "mine was removed; the host is as it was" in told
    assert not any((stub.installed, stub.uploads, stub.rules, stub.streams))


def test_one_of_two_fails(deploy: Command, stubs: list[Stub], archive: Path) -> None:
    """The exit status is 1; the other has it all the same."""
    stubs[0].faults.append(fault("POST /config/uploads", saying(401, '{"message":"who?"}')))
    ran = deploy("deploy", archive, "--no-check")
    assert ran.code == 1
    assert f"✗ {stubs[0].name}" in ran.out
    assert "HTTP 401: who?; give its token in EKUIPER_TOKEN or by --token-file" in ran.out
    assert "the host is as it was" in ran.out
    assert "1 of 2 hosts: done" in ran.out
    assert stubs[1].installed


def test_as_json(deploy: Command, stubs: list[Stub], archive: Path) -> None:
    """One object, with one for each host."""
    ran = deploy("deploy", archive, "--no-check", "--json")
    told = json.loads(ran.out)
    assert (told["plugin"], told["version"], len(told["digest"])) == ("mine", "1.2", 64)
    assert [(each["host"], each["did"]) for each in told["hosts"]] == [
        (stub.name, "installed") for stub in stubs
    ]


def test_a_token_is_sent_and_never_shown(
    deploy: Command, stubs: list[Stub], archive: Path, tmp_path: Path
) -> None:
    """From the environment, or from a file, which goes first."""
    file = tmp_path / "token"
    file.write_text("from-file\n")
    echo = saying(403, '{"message":"bad token from-file"}')
    stubs[0].faults.append(fault("POST /plugins/portables", echo))
    ran = deploy("deploy", archive, "--no-check", "--token-file", file, EKUIPER_TOKEN="from-env")
    assert {each["Authorization"] for stub in stubs for each in stub.headers} == {"from-file"}
    assert "from-" not in ran.out + ran.err
    deploy("host status", EKUIPER_TOKEN="from-env")
    assert stubs[0].headers[-1]["Authorization"] == "from-env"


def test_what_check_finds_is_not_uploaded(
    deploy: Command, stubs: list[Stub], tmp_path: Path
) -> None:
    """A source without its yaml: every host would refuse it."""
    bad = plugin_zip(tmp_path / "bad.zip", "mine", sources=["rows"])
    ran = deploy("deploy", bad)
    assert ran.code == 1
    assert "missing-yaml" in ran.out
    assert "nothing was uploaded" in ran.out
    assert not stubs[0].calls
    findings = json.loads(deploy("deploy", bad, "--json").out)["findings"]
    assert "missing-yaml" in [each["id"] for each in findings]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "ftp://edge1"], "http or https"),
        (["--plain", "--json"], "exclude each other"),
        (["--wait", "soon"], "no duration"),
        (["--token-file", "missing"], "does not exist"),
    ],
)
def test_wrong_options(deploy: Command, archive: Path, arguments: list[str], told: str) -> None:
    """Exit status 2, and what is wrong."""
    ran = deploy("deploy", archive, *arguments)
    assert ran.code == 2
    assert told in ran.err


def test_a_file_that_is_no_zip(deploy: Command, tmp_path: Path) -> None:
    """That is said, without a traceback."""
    file = tmp_path / "x.zip"
    file.write_text("no zip")
    for more in ([], ["--no-check"]):
        ran = deploy("deploy", file, *more)
        assert ran.code == 1
        assert "zip" in ran.out + ran.err
        assert "Traceback" not in ran.err


def test_undeploy(deploy: Command, stubs: list[Stub], archive: Path) -> None:
    """Gone from both; a second time there is nothing to remove."""
    deploy("deploy", archive, "--no-check")
    ran = deploy("undeploy", "mine")
    assert (ran.code, ran.out.count("removed")) == (0, 2)
    assert not any(stub.installed or stub.uploads for stub in stubs)
    again = deploy("undeploy", "mine", "--json")
    assert again.code == 1
    assert "no plugin called mine" in json.loads(again.out)["hosts"][0]["reason"]


def test_host_plugins(deploy: Command, stubs: list[Stub], archive: Path) -> None:
    """A table with a line for each plugin on each host."""
    assert f"{stubs[0].name} has no plugins" in deploy("host plugins").out
    deploy("deploy", archive, "--no-check")
    lines = deploy("host plugins").out.splitlines()
    assert lines[0].split() == ["host", "plugin", "version", "status", "symbols", "from"]
    assert [line.split()[:5] for line in lines[1:]] == [
        [stubs[0].name, "mine", "1.2", "not", "told"],
        [stubs[1].name, "mine", "1.2", "running", "f"],
    ]


def test_host_status_of_one_that_is_not_there(deploy: Command, stubs: list[Stub]) -> None:
    """The others are shown."""
    ran = deploy("host status", "--to", "http://no-such-host.invalid")
    assert ran.code == 1
    assert "no-such-host.invalid:9081: cannot be reached" in ran.out
    assert stubs[1].version in ran.out


def project(folder: Path, **rules: Any) -> Path:
    for name in ("rules", "streams"):
        (folder / name).mkdir(parents=True)
    (folder / "streams" / "s.sql").write_text('CREATE STREAM s () WITH (TYPE="memory")')
    for id, rule in rules.items():
        (folder / "rules" / f"{id}.json").write_text(json.dumps(rule))
    return folder


@pytest.mark.parametrize(
    ("rule", "more", "told"),
    [
        ("missing", [], "there is no rule 'missing'"),
        ("good", ["--rows", "t=rows.jsonl"], "there is no stream 't'"),
        ("good", ["--rows", "s=rows.jsonl"], "No such file"),
        ("bad", [], "is no rule"),
    ],
)
def test_wrong_tries(
    command: Command, stubs: list[Stub], tmp_path: Path, rule: str, more: list[str], told: str
) -> None:
    """Before the host is asked for anything."""
    made = {"good": {"id": "good", "sql": "SELECT * FROM s"}}
    if rule == "bad":
        made["bad"] = {"id": "bad"}
    folder = project(tmp_path / "p", **made)
    ran = command("try", rule, folder, "--to", stubs[0].url, *more)
    assert ran.code == 2
    assert told in ran.err
    assert not stubs[0].calls


def test_a_try_that_the_host_refuses(command: Command, stubs: list[Stub], tmp_path: Path) -> None:
    """With its words; the stream that was made for it is gone."""
    folder = project(tmp_path / "p", good={"id": "good", "sql": "SELECT f(a) FROM s"})
    refusal = '{"error":1000,"message":"function f not found."}'
    stubs[1].faults.append(fault("POST /ruletest", saying(400, refusal)))
    ran = command("try", "good", folder, "--to", stubs[1].url)
    assert ran.code == 1
    assert "HTTP 400: function f not found." in ran.err
    assert stubs[1].asked("DELETE") == ["/streams/s"]
    assert not stubs[1].streams


def test_rows_that_cannot_be_fetched(command: Command, stubs: list[Stub], tmp_path: Path) -> None:
    """The host's data port is named."""
    folder = project(tmp_path / "p", good={"id": "good", "sql": "SELECT * FROM s"})
    answer = saying(200, '{"id": "x", "port": 1}')
    stubs[1].faults.append(fault("POST /ruletest", answer))
    stubs[1].faults.append(fault("DELETE /ruletest/.*", saying(200, "ok")))
    ran = command("try", "good", folder, "--to", stubs[1].url)
    assert ran.code == 1
    assert "127.0.0.1:1: the rows come from there, and it cannot be reached" in ran.err


def test_rows_that_are_sent(command: Command, stubs: list[Stub], tmp_path: Path) -> None:
    """Where the host has no trials a rule sends its rows here; recorded ones are pushed to a stream
    that stands in. Rule and streams are gone after."""
    (stub,) = stubs[1:]
    folder = project(tmp_path / "p", good={"id": "good", "sql": "SELECT a FROM s"})
    (folder / "streams" / "s.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    rules: list[dict[str, Any]] = []

    def pushed(handler: Handler) -> None:
        row = handler.swallow()
        rules[:] = stub.rules.values()
        url = rules[0]["actions"][0]["rest"]["url"]
        assert requests.post(url, data=row, timeout=5).status_code == 200
        assert requests.post(f"{url}x", data=row, timeout=5).status_code == 404
        handler.say(200, "")

    stub.faults.append(fault("POST /ekuiper_try_.*_s", pushed))
    words = ["try", "good", str(folder), "--to", stub.url, "--data-port", stub.url.split(":")[2]]
    ran = command(*words, "--json")
    assert ran.objects == [{"a": 1}, {"a": 2}], ran.err
    assert "a rule made for the while sends its rows to this machine" in ran.err
    assert rules[0]["sql"].startswith("SELECT a FROM ekuiper_try_")
    assert not any((stub.rules, stub.streams))


def test_rows_of_a_try(command: Command, stubs: list[Stub], tmp_path: Path) -> None:
    """As a table, those of streams that are not there from beside them; nothing is left there."""
    (stub,) = stubs[1:]
    folder = project(tmp_path / "p", good={"id": "good", "sql": "SELECT a, f(a) AS b FROM s"})
    (folder / "streams" / "s.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    asked: list[Any] = []

    def planned(handler: Handler) -> None:
        asked.append(json.loads(handler.swallow()))
        handler.say(200, json.dumps({"id": "x", "port": int(stub.name.split(":")[1])}))

    rows = 'data: {"a": 1, "b": 20.5}\n\ndata: [{"a": 2, "b": null}]\n\n'
    stub.faults.append(fault("POST /ruletest", planned))
    stub.faults.append(fault("GET /test/.*", saying(200, rows, "text/event-stream")))
    stub.faults.append(fault("(POST|DELETE) /ruletest/.*", saying(200, "done")))
    ran = command("try", "good", folder, "--to", stub.url)
    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()[1:4]] == [
        ["a", "b"],
        ["1", "20.5"],
        ["2"],
    ]
    assert f"2 rows from {stub.name}" in ran.out
    assert asked[0]["mockSource"]["s"]["data"] == [{"a": 1}, {"a": 2}]
    assert "the 2 rows recorded beside it" in ran.err
    assert not stub.streams
