"""Functions: what the official package does wrong, and what becomes of it here."""

from __future__ import annotations

import json
from typing import Any

from .conftest import Outcomes
from .difference import NNG, Difference, Like, cases, outcome, patience
from .rig import Reply, Rig

FIELD = {"StreamName": "$$default", "Name": "a"}
TRACEBACK = r"^Traceback .*"


def exec_(name: str, *args: Any) -> Any:
    """One call of a function."""

    def run(rig: Rig) -> Reply:
        return rig.function(name).exec(*args)

    return run


def validate(name: str, *args: Any) -> Any:
    def run(rig: Rig) -> Reply:
        return rig.function(name).validate(*args)

    return run


def raw(name: str, request: Any) -> Any:
    """The answer as it came, parsed; None when there is none."""

    def run(rig: Any) -> Any:
        answer = rig.function(name).ask(request, patience(rig, seen_by="ours", otherwise=1.0))
        return None if answer is None else json.loads(answer)

    return run


def exec_request(*args: Any) -> dict[str, Any]:
    place = {"ruleId": "r", "opId": "2_project", "instanceId": 0, "funcId": 0}
    return {"func": "Exec", "arg": [*args, json.dumps(place)]}


def start_without_exec(rig: Rig) -> Any:
    return outcome(lambda rig: rig.function("missing").exec(1), rig)


def many_places(rig: Rig) -> bool:
    """Whether a context stays for each of 1,500 places."""
    places = rig.function("places")
    before = places.exec("count").result
    for number in range(1500):
        places.exec(number, rule=f"rule{number}")
    return places.exec("count").result - before > 1100


def start_twice(rig: Any) -> Any:
    """Values called for, after a second start of the same function: an answer may be late."""
    function = rig.function("bare")
    assert function.exec(0) == Reply(True, 0)
    symbol = rig.plugin.marked("bare")
    answer = rig.command("start", "func", symbol, ("", "", 0))
    extra = function.unasked(patience(rig, seen_by="official"))
    return [answer, extra]


def log_lines(rig: Rig) -> int:
    rig.function("say").exec("once")
    return rig.plugin.logged().count("said once")


def debug_logged(rig: Rig) -> bool:
    rig.function("say").exec("deep")
    return "debug deep" in rig.plugin.logged()


TABLE = [
    Difference(
        "b2-get_logger-is-stdout",
        exec_("logs", "x"),
        official=Reply(False, Like("AttributeError: .* has no attribute 'info'")),
        ours=Reply(True, "logged"),
    ),
    Difference(
        "b2-ctx.logger-is-missing",
        exec_("logger", "x"),
        official=Reply(False, Like("AttributeError: .* has no attribute 'logger'")),
        ours=Reply(True, "logged"),
    ),
    Difference(
        "b3-a-class-without-exec-is-started",
        start_without_exec,
        official=Reply(True, None),
        ours=Like(r"refused: .*class Missing \(rough\.py:\d+\) has no method exec"),
    ),
    Difference(
        "b3-validate-of-the-base-class-refuses-every-rule",
        validate("bare", FIELD),
        official=Reply(False, None),
        ours=Reply(True, ""),
        hosts=NNG,
    ),
    Difference(
        "b3-validate-that-returns-None-refuses-every-rule",
        validate("silent", FIELD),
        official=Reply(False, None),
        ours=Reply(True, ""),
        hosts=NNG,
    ),
    Difference(
        "b3-validate-that-raises-answers-a-traceback",
        validate("silent", FIELD, FIELD),
        official=Reply(False, Like(TRACEBACK + "one argument at most")),
        ours=Reply(False, Like(r"^ValueError: one argument at most \(rough\.py:\d+\)$")),
    ),
    Difference(
        "b3-is_aggregate-of-the-base-class-is-no-boolean",
        raw("bare", {"func": "IsAggregate", "arg": None}),
        official={"state": True, "result": None},
        ours={"state": True, "result": False},
        hosts=NNG,
    ),
    Difference(
        "b3-is_aggregate-that-returns-None-is-no-boolean",
        raw("silent", {"func": "IsAggregate", "arg": None}),
        official={"state": True, "result": None},
        ours={"state": True, "result": False},
        hosts=NNG,
    ),
    Difference("b9-contexts-are-kept-for-ever", many_places, official=True, ours=False, hosts=NNG),
    Difference(
        "b9-validate-without-arguments-gets-None",
        validate("counts"),
        official=Reply(False, Like("TypeError: object of type 'NoneType' has no len")),
        ours=Reply(True, ""),
    ),
    Difference(
        "b9-NaN-is-sent-as-no-JSON",
        exec_("nan", "nan", "inf", "-inf", "1.5"),
        official=Reply(False, Like("Failed to unmarshal function result")),
        ours=Reply(True, [None, None, None, 1.5]),
    ),
    Difference(
        "b9-bytes-answer-a-traceback",
        exec_("raw", [0, 255]),
        official=Reply(False, Like(TRACEBACK + "type bytes is not JSON serializable")),
        ours=Reply(True, "AP8="),
    ),
    *(
        Difference(
            f"b9-{kind}-answers-a-traceback",
            exec_("stamp", kind),
            official=Reply(False, Like(TRACEBACK + "is not JSON serializable")),
            ours=Reply(True, result),
        )
        for kind, result in [
            ("datetime", "2024-05-06T07:08:09+00:00"),
            ("date", "2024-05-06"),
            ("decimal", 0.1),
            ("set", [1, 2]),
        ]
    ),
    Difference(
        "b9-an-exception-answers-its-traceback",
        exec_("boom", 7),
        official=Reply(False, Like(TRACEBACK + "ValueError: no 7")),
        ours=Reply(False, Like(r"^ValueError: no 7 \(rough\.py:\d+\)$")),
    ),
    Difference(
        "b9-SystemExit-ends-the-function",
        raw("quits", exec_request("exit")),
        official=None,
        ours={"state": False, "result": Like(r"^SystemExit: 3 \(rough\.py:\d+\)$")},
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b9-KeyboardInterrupt-ends-the-function",
        raw("quits", exec_request("interrupt")),
        official=None,
        ours={"state": False, "result": Like(r"^KeyboardInterrupt \(rough\.py:\d+\)$")},
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "large-floats-without-a-point-come-as-int",
        exec_("kinds", 10**20),  # eKuiper writes a float like this below 1e21, an int never
        official=Reply(True, ["int 100000000000000000000"]),
        ours=Reply(True, ["float 1e+20"]),
        plugin="plain",
    ),
    Difference(
        "b11-a-second-start-opens-a-second-connection",
        start_twice,
        official=["ok", b"handshake"],
        ours=["ok", None],
        hosts=NNG,
        slow=True,
    ),
    Difference(
        "b12-the-control-thread-makes-functions",
        exec_("thread"),
        official=Reply(True, True),
        ours=Reply(True, False),
    ),
    Difference(
        "b13-ack_ok-in-a-function-is-an-AttributeError",
        exec_("acks"),
        official=Reply(False, Like("AttributeError: .*ack_emitter")),
        ours=Reply(False, Like("ctx.ack_ok is for a sink only")),
    ),
    Difference(
        "b16-every-line-is-logged-twice-after-basicConfig",
        log_lines,
        official=2,
        ours=1,
        hosts=NNG,
        plugin="loud",
        slow=True,
    ),
    Difference(
        "b16-the-log-level-cannot-be-set",
        debug_logged,
        official=False,
        ours=True,
        hosts=NNG,
        plugin="plain",
        slow=True,
        options={"env": {"EKUIPER_LOG": "debug"}},
    ),
]


@cases(TABLE)
def test_difference(outcomes: Outcomes, difference: Difference, host: str) -> None:
    """The official package has the defect in the test's name, ours does not."""
    did = outcomes.of(difference, host)
    assert did.official == difference.official
    assert did.ours == difference.ours
