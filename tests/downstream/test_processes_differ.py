"""Commands, connections and the end of the process: what the official package does wrong."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ekuiper.errors import HostError

from .conftest import Outcomes
from .difference import NNG, Difference, Like, cases, outcome, patience
from .installed import PLUGINS, Installed, Sdk

TRACEBACK = r"^Traceback .*"
KEEPALIVE = 5.5  # seconds; the official package says handshake again after five


def answer_to(verb: str, kind: str, symbol: str, *meta: Any) -> Any:
    """The answer to one command."""

    def run(rig: Any) -> str:
        answer: str = rig.command(verb, kind, rig.plugin.marked(symbol), meta)
        return answer.replace(f"_{rig.plugin.mark}", "")

    return run


def undialled_function(rig: Any) -> Any:
    """Start a function whose socket is not there; then what another one returns."""

    def start(rig: Any) -> Any:
        answer = answer_to("start", "func", "takes", "", "", 0)(rig)
        return [answer, rig.function("bare").exec("alive").result]

    return outcome(start, rig)


def unasked(rig: Any) -> Any:
    """What comes on an idle control channel, and on an idle function channel."""
    function = rig.function("bare")
    assert function.exec(1).result == 1
    return [rig.control.recv(KEEPALIVE), function.unasked(0.5)]


def terminated(rig: Any) -> Any:
    """The exit code after SIGTERM, and whether the running source was closed."""
    source = rig.source("shares", own="a")
    source.recv()
    rig.signal(signal.SIGTERM)
    code = rig.ended()
    return [code, len(rig.plugin.journal.within("close", patience(rig, seen_by="ours")))]


def cut(rig: Any) -> Any:
    """What the plugin does when its control connection breaks while the host lives on."""
    rig.listen_again()
    try:
        said = rig.receive(10.0)
    except HostError:
        return f"ended with {rig.ended()}"
    return [said, rig.function("bare").exec("again").result]


def orphaned(sdk: Sdk) -> int:
    """How many symbols a plugin closes whose host is killed; it ends within the deadline."""
    with Installed(sdk, PLUGINS / "rough.py") as plugin:
        place = {"ruleId": plugin.marked("rule"), "opId": "demo", "instanceId": 0}
        control = {"symbolName": plugin.marked("shares"), "meta": place, "pluginType": "source"}
        control["config"] = {"own": "a"}
        start = json.dumps({"cmd": "start", "arg": json.dumps(control)})
        urls = [f"plugin_{plugin.name}", f"{plugin.marked('rule')}_demo_0"]
        with plugin.log.open("wb") as log:
            host = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("mortal_host.py")),
                    *(f"ipc://{plugin.sockets}/{url}.ipc" for url in urls),
                    start,
                    str(sdk.python),
                    str(plugin.executable),
                ],
                env={**os.environ, **plugin.env},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        with host:
            assert host.stdout is not None
            pid = int(host.stdout.readline() or pytest.fail(plugin.log.read_text()))
            ended = os.pidfd_open(pid)
            try:
                host.kill()
                poll = select.poll()
                poll.register(ended, select.POLLIN)
                assert poll.poll(10_000), "the plugin outlives its host"
            finally:
                os.close(ended)
        return len(plugin.journal.within("close", 10.0 if sdk.name == "ours" else 0.5))


def spawned_in_vain(sdk: Sdk) -> int:
    """The exit code of a plugin whose host does not listen."""
    with Installed(sdk, PLUGINS / "loud.py") as plugin:
        done = subprocess.run(
            [str(sdk.python), str(plugin.executable), '{"sendTimeout":1000}'],
            env={**os.environ, **plugin.env},
            capture_output=True,
            timeout=20.0,
        )
        return done.returncode


TABLE = [
    Difference(
        "b10-a-function-that-cannot-be-dialled-ends-the-plugin-with-0",
        undialled_function,
        official=Like(r"^refused: the plugin ended with 0:"),
        ours=[Like(r"^error: function 'takes' .*cannot connect to "), "alive"],
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b10-a-plugin-that-finds-no-host-ends-with-0",
        spawned_in_vain,
        official=0,
        ours=1,
        hosts=NNG,
        slow=True,
        bare=True,
    ),
    Difference(
        "b13-an-unknown-symbol-answers-a-traceback",
        answer_to("start", "source", "shares_", "rule", "demo", 0),
        official=Like(TRACEBACK + "KeyError: 'shares_'"),
        ours=Like(r"^error: source 'shares_': did you mean 'shares'\? the PluginConfig of "),
        hosts=NNG,
    ),
    Difference(
        "b13-an-empty-rule-id-raises-what-is-no-exception",
        answer_to("start", "source", "shares", "", "demo", 0),
        official=Like(TRACEBACK + "exceptions must derive from BaseException"),
        ours="error: source 'shares': needs a ruleId and an opId",
        hosts=NNG,
    ),
    Difference(
        "b13-an-unknown-command-is-answered-with-ok",
        answer_to("restart", "source", "shares", "rule", "demo", 0),
        official="ok",
        ours=Like(r"^error: unknown command 'restart'; known: "),
        hosts=NNG,
    ),
    Difference(
        "b13-an-unknown-kind-is-called-a-symbol-not-found",
        answer_to("start", "table", "shares", "rule", "demo", 0),
        official="symbol not found",
        ours=Like(r"^error: unknown plugin.?type 'table'; known: "),
        hosts=NNG,
    ),
    Difference(
        "b14-idle-channels-are-kept-busy",
        unasked,
        official=[b"handshake", b"handshake"],
        ours=[None, None],
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b15-SIGTERM-closes-nothing",
        terminated,
        official=[-signal.SIGTERM, 0],
        ours=[0, 1],
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b15-a-killed-host-closes-nothing",
        orphaned,
        official=0,
        ours=1,
        hosts=NNG,
        slow=True,
        bare=True,
    ),
    Difference(
        "b15-a-cut-control-connection-ends-the-plugin",
        cut,
        official="ended with 1",
        ours=[b"handshake", "again"],
        hosts=NNG,
        slow=True,
    ),
]


@cases(TABLE)
def test_difference(outcomes: Outcomes, difference: Difference, host: str) -> None:
    """The official package has the defect in the test's name, ours does not."""
    did = outcomes.of(difference, host)
    assert did.official == difference.official
    assert did.ours == difference.ours
