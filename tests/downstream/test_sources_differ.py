"""Sources: what the official package does wrong, and what becomes of it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pynng

from .conftest import Outcomes
from .difference import NNG, Difference, Like, cases, patience
from .rig import Rig

GOOD = {"message": {"v": "good"}, "meta": {}}
STALL = 1.6  # seconds the host takes nothing; the official package gives up after one
FLOOD = 3000


def configured(event: str, position: int = 0, **settings: Any) -> Callable[[Rig], Any]:
    """What `configure` was given or said."""

    def run(rig: Rig) -> Any:
        source = rig.source("ask", **settings)
        said = rig.plugin.journal.wait(event)[0][position]
        source.stop()
        return said

    return run


def odd(what: str) -> Callable[[Rig], Any]:
    """What comes of an odd row and the good one after it, and what the author's code saw."""

    def run(rig: Rig) -> Any:
        source = rig.source("odd", what=what)
        ending = rig.plugin.journal.until("raised", "acted")
        rows = []
        waiting = 10.0 if ending == "acted" else 0.3
        while (row := source.recv(waiting)) is not None:
            rows.append(row)
            if row == GOOD:
                break
        raised = [event[0] for event in rig.plugin.journal.told("raised")]
        source.stop()
        return [rows, raised or ending]

    return run


def after_the_end(how: str) -> Callable[[Rig], Any]:
    """What the host hears after the last row of a source that ends."""

    def run(rig: Rig) -> Any:
        source = rig.source("ends", how=how)
        assert source.recv()["message"] == {"n": 1}
        heard = source.recv(patience(rig, seen_by="ours"))
        rig.plugin.journal.wait("close")
        source.stop()
        return heard

    return run


def reported(rig: Rig) -> Any:
    source = rig.source("reports")
    heard = source.recv()
    source.stop()
    return heard


def stalled(rig: Rig) -> Any:
    """What a source sees while the host takes nothing, and how many rows come in the end."""
    source = rig.source("flood", count=FLOOD)
    waiting = patience(rig, seen_by="official", otherwise=STALL)
    ending = rig.plugin.journal.until("raised", "acted", timeout=waiting)
    rows = []
    while (row := source.recv(patience(rig, seen_by="ours"))) is not None:
        rows.append(row["message"]["n"])
        if len(rows) == FLOOD:
            break
    source.stop()
    return [ending, rows == list(range(FLOOD))]


def started_twice(rig: Any) -> int:
    """How many of two sources are closed when the place is stopped once."""
    source = rig.source("shares", own="a")
    source.recv()
    source.tell("start")
    source.recv()
    source.stop()
    return len(rig.plugin.journal.within("close", patience(rig, seen_by="ours"), count=2))


def two_in_one_place(rig: Any) -> Any:
    """Rule `x_b` with node `c`, and rule `x` with node `b_c`; then the first is stopped."""
    mark, symbol = rig.plugin.mark, rig.plugin.marked("shares")
    first, second = (f"{mark}_b", "c", 0), (mark, "b_c", 0)
    with pynng.Pull0(listen=rig.url(f"{mark}_b_c_0"), recv_timeout=10_000) as rows:
        answers = [rig.command("start", "source", symbol, first, {"own": "first"})]
        rows.recv()
        answers.append(rig.command("start", "source", symbol, second, {"own": "second"}))
        rig.plugin.journal.wait("acted", answers.count("ok"))
        rig.command("stop", "source", symbol, first)
        closed = [event[0] for event in rig.plugin.journal.wait("close")]
        rig.command("stop", "source", symbol, second)
    return [answers, closed]


TABLE = [
    Difference(
        "b1-datasource-in-the-config-is-not-found",
        configured("configure", datasource="topic/1"),
        official="",
        ours="topic/1",
    ),
    Difference(
        "b1-datasource-in-the-command-is-not-found",
        configured("configure", datasource="topic/1"),
        official="",
        ours="topic/1",
        hosts=NNG,
        fresh=True,
        options={"datasource_in": "command"},
    ),
    Difference(
        "b1-settings-in-lower-case-are-not-found",
        configured("stopAt", stopat=5),
        official=None,
        ours=5,
    ),
    Difference(
        "b7-back-pressure-ends-a-source",
        stalled,
        official=["raised", False],
        ours=["", True],
        slow=True,
    ),
    *(
        Difference(
            f"b8-the-end-of-a-source-is-not-told-{how}",
            after_the_end(how),
            official=None,
            ours=Like(rf"source 'ends_\w+' of plugin .* in rule 'rule_\w+'.*{told}"),
        )
        for how, told in [
            ("return", r"ended: open\(\) returned"),
            ("raise", r"ended: ConnectionError: the wire was cut \(rough\.py:\d+\)"),
            ("exit", r"ended: SystemExit \(rough\.py:\d+\)"),
        ]
    ),
    Difference(
        "b8-emit_error-passes-for-a-row",
        reported,
        official={"error": "sensor 7 is silent"},
        ours="sensor 7 is silent",
        hosts=NNG,
    ),
    Difference(
        "b8-emit_error-is-an-empty-row-to-the-host",
        reported,
        official={"message": {}, "meta": None},
        ours="sensor 7 is silent",
        hosts=("embedded",),
    ),
    Difference(
        "b11-a-second-start-leaves-the-first-source-running",
        started_twice,
        official=1,
        ours=2,
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b12-the-control-thread-configures-sources",
        configured("configure", position=1),
        official="main thread",
        ours="own thread",
    ),
    Difference(
        "b17-emit-needs-a-meta",
        odd("no meta"),
        official=[[], [Like(r"TypeError: .*missing 1 required positional argument: 'meta'")]],
        ours=[[{"message": {"v": 1}, "meta": None}, GOOD], "acted"],
    ),
    Difference(
        "b17-NaN-is-emitted-as-no-JSON",
        odd("nan"),
        official=[[Like("no JSON: invalid token NaN"), GOOD], "acted"],
        ours=[[{"message": {"v": None, "w": [None]}, "meta": {}}, GOOD], "acted"],
        hosts=NNG,
    ),
    Difference(
        "b17-bytes-in-a-row-end-the-source",
        odd("bytes"),
        official=[[], [Like("TypeError: .*bytes is not JSON serializable")]],
        ours=[[{"message": {"v": "AAE="}, "meta": {}}, GOOD], "acted"],
    ),
    Difference(
        "b17-a-datetime-in-a-row-ends-the-source",
        odd("datetime"),
        official=[[], [Like("TypeError: .*datetime is not JSON serializable")]],
        ours=[[{"message": {"v": "2024-05-06T07:08:09+00:00"}, "meta": {}}, GOOD], "acted"],
    ),
    Difference(
        "b17-an-object-in-a-row-ends-the-source",
        odd("object"),
        official=[[], [Like("TypeError: .*Event is not JSON serializable")]],
        ours=[
            [Like(r"row dropped: message\.v: .*Event.*\(emitted at rough\.py:\d+\)"), GOOD],
            "acted",
        ],
    ),
    Difference(
        "b17-a-list-is-emitted-as-if-it-were-a-row",
        odd("list"),
        official=[[{"message": [{"v": 1}], "meta": {}}, GOOD], "acted"],
        ours=[[Like(r"row dropped: message: .*list is no row"), GOOD], "acted"],
        hosts=NNG,
    ),
    Difference(
        "b17-half-a-surrogate-pair-is-emitted",
        odd("surrogate"),
        official=[[{"message": {"v": "a\udc80b"}, "meta": {}}, GOOD], "acted"],
        ours=[[{"message": {"v": "a\ufffdb"}, "meta": {}}, GOOD], "acted"],
        hosts=NNG,
    ),
    Difference(
        "b19-two-places-with-one-socket-are-mixed-up",
        two_in_one_place,
        official=[["ok", "ok"], ["second"]],
        ours=[["ok", Like("error: .*needs the socket .*rename the rule")], ["first"]],
        hosts=NNG,
        fresh=True,
    ),
]


@cases(TABLE)
def test_difference(outcomes: Outcomes, difference: Difference, host: str) -> None:
    """The official package has the defect in the test's name, ours does not."""
    did = outcomes.of(difference, host)
    assert did.official == difference.official
    assert did.ours == difference.ours
