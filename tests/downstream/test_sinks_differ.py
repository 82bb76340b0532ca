"""Sinks: what the official package does wrong, and what becomes of it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Outcomes
from .difference import NNG, Difference, Like, cases, outcome, patience
from .rig import Rig

MANY = 1500  # rows; their acks, unread, fill every buffer after about 400


def many_acks(rig: Rig) -> str:
    """What becomes of a sink that acknowledges each of many rows without being asked."""
    sink = rig.sink("tally")
    sent = 0
    while sent < MANY and sink.send(b"row"):
        sent += 1
    if sent == MANY:
        rig.plugin.journal.wait("collect", MANY, timeout=30.0)
        sink.stop()
        return "took all rows"
    rig.plugin.journal.wait("close")
    sink.stop()
    return "closed itself"


def opened_late(rig: Rig) -> Any:
    """Whether a sink opens at the second attempt, and the log tells of the first."""
    sink = rig.sink("late")
    sink.send(b"row")
    waiting = patience(rig, seen_by="ours", otherwise=2.0)
    opened = rig.plugin.journal.until("collect", timeout=waiting)
    sink.stop()
    return [opened, "ConnectionError: the database is down" in rig.plugin.logged()]


def collected(*rows: bytes) -> Callable[[Rig], Any]:
    """What a sink that cannot take `bad` collects, until the last row or its end."""

    def run(rig: Rig) -> Any:
        sink = rig.sink("picky", rule="picky")
        for row in rows:
            sink.send(row)
        sink.send(b"last")
        journal = rig.plugin.journal
        assert journal.when(lambda event: event in (["close"], ["collect", "last"]))
        taken = [event[0] for event in journal.told("collect")]
        sink.stop()
        return taken

    return run


def acked(name: str, *rows: bytes) -> Callable[[Rig], Any]:
    """The acks for rows sent with `requireAck`."""

    def run(rig: Rig) -> Any:
        sink = rig.sink(name, rule="acked", requireAck=True)
        acks = []
        for row in rows:
            sink.send(row)
            acks.append(sink.ack(patience(rig, seen_by="ours")))
        sink.stop()
        return acks

    return run


def stopped_while_opening(rig: Rig) -> Any:
    """What a start answers after a stop that came while `open` was at work."""
    sink = rig.sink("slow")
    rig.plugin.journal.wait("opening")
    sink.stop()
    closes = len(rig.plugin.journal.within("close", patience(rig, seen_by="ours")))
    return [closes, outcome(start_and_stop("slow"), rig)]


def stopped_with_a_fault(rig: Rig) -> Any:
    """What a start answers after a stop whose `close` raised."""
    sink = rig.sink("breaks")
    rig.plugin.journal.wait("open")
    sink.stop()
    return outcome(start_and_stop("breaks"), rig)


def start_and_stop(name: str) -> Callable[[Rig], str]:
    def run(rig: Rig) -> str:
        rig.sink(name).stop()
        return "ok"

    return run


def without_ack_listener(rig: Any) -> str:
    """What a sink's start answers to a host that has no ack channel."""
    place = (rig.plugin.marked("old"), "tally_0", 0)
    answer: str = rig.command("start", "sink", rig.plugin.marked("tally"), place)
    return answer


TABLE = [
    Difference(
        "b4-acks-without-requireAck-end-the-sink",
        many_acks,
        official="closed itself",
        ours="took all rows",
        slow=True,
    ),
    Difference(
        "b4-no-ack-where-the-author-gives-none",
        acked("mute", b"row", b"row"),
        official=[None, None],
        ours=["ok", "ok"],
        slow=True,
    ),
    Difference(
        "b5-a-failing-open-is-not-told",
        opened_late,
        official=["", False],
        ours=["collect", True],
        slow=True,
    ),
    Difference(
        "b6-one-bad-row-ends-the-sink",
        collected(b"good", b"bad"),
        official=["good"],
        ours=["good", "last"],
    ),
    Difference(
        "b6-a-bad-row-is-never-acknowledged",
        acked("mute", b"bad", b"good"),
        official=[None, None],
        ours=[[Like(r"^ValueError: cannot take it \(rough\.py:\d+\)$")], "ok"],
        slow=True,
    ),
    Difference(
        "b6-an-empty-message-ends-the-sink",
        collected(b"good", b""),
        official=["good"],
        ours=["good", "", "last"],
    ),
    Difference(
        "b11-a-stop-during-open-leaves-the-sink-running",
        stopped_while_opening,
        official=[0, Like("refused: .*AddressInUse")],
        ours=[1, "ok"],
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b18-hosts-without-ack-channel-cannot-start-a-sink",
        without_ack_listener,
        official=Like("Traceback .*ConnectionRefused"),
        ours="ok",
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b19-a-close-that-raises-leaves-the-socket-in-use",
        stopped_with_a_fault,
        official=Like("refused: .*AddressInUse"),
        ours="ok",
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
