"""Functions on a real eKuiper."""

from typing import Any

import pytest

from ekuiper.errors import RestError

from .polling import eventually
from .site import Question, Site, line_of

both_transports = pytest.mark.parametrize("transport", ["ipc", "nng"], indirect=True)

COLUMNS: dict[str, Any] = {
    "i": 3,
    "f": 2.5,
    "g": 3.0,
    "s": "héllo <&> \u2028 😀",
    "b": True,
    "z": None,
    "l": [1, "a", None],
    "o": {"k": {"y": 1}},
    "big": 12345678901234567,
    "e": 1e21,
}
_REPLY = '{"state":true,"result":""}'
AS_DOUBLE = 12345678901234568  # eKuiper keeps every number of a row as a double


@both_transports
def test_every_type_comes_and_goes(site: Site) -> None:
    """A value of each type reaches `exec` and comes back the same; big integers lose digits in the
    host."""
    expected = {**COLUMNS, "big": AS_DOUBLE}
    for column in COLUMNS:
        assert site.ask(f"{site.name('echo')}({column})", **COLUMNS) == expected[column], column


def test_types_as_python_sees_them(site: Site) -> None:
    """Whole numbers are int even when the column holds floats; NULL is None."""
    asked = site.ask(f"{site.name('kinds')}({', '.join(COLUMNS)})", **COLUMNS)
    expected = ["int", "float", "int", "str", "bool", "NoneType", "list", "dict", "int", "float"]
    assert asked == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("'lit'", "lit"),
        ("1", 1),
        ("1.5", 1.5),
        ("i + 1", 4),
        ('encode(s, "base64")', "aMOp"),
        ('cast(1700000000000, "datetime")', "2023-11-14T22:13:20Z"),
    ],
)
def test_literals_and_expressions(site: Site, argument: str, expected: Any) -> None:
    """Arguments may be literals and expressions; encoded text stays text, a time is RFC 3339."""
    assert site.ask(f"{site.name('echo')}({argument})", i=3, s="hé") == expected


def test_star(site: Site) -> None:
    """`f(*)` gives the whole row as a dict."""
    feed = site.feed()
    rule = site.rule(f"SELECT {site.name('echo')}(*) AS r FROM {feed.stream}")
    eventually(lambda: feed.push(i=3, s="x") or rule.results(), "a result")
    assert rule.results()[0] == {"r": {"i": 3, "s": "x"}}


@both_transports
def test_no_arguments(site: Site) -> None:
    """A function called without arguments is validated and run with an empty list."""
    assert site.ask(f"{site.name('echo')}()") == []


def test_functions_within_functions_and_conditions(site: Site) -> None:
    """One function serves several places of a rule, nested ones and WHERE among them."""
    echo, kinds = site.name("echo"), site.name("kinds")
    feed = site.feed()
    rule = site.rule(
        f"SELECT i, {echo}({kinds}(i, s)) AS r, {echo}(s) AS t FROM {feed.stream} "
        f"WHERE {echo}(b) = true"
    )
    number = 0

    def answered() -> Any:
        nonlocal number
        number += 1
        feed.push(i=number, s=f"s{number}", b=number % 2 == 0)
        return rule.results()

    eventually(answered, "a result")
    first = rule.results()[0]
    assert first["i"] % 2 == 0
    assert first == {"i": first["i"], "r": ["int", "str"], "t": f"s{first['i']}"}


@both_transports
def test_each_answer_belongs_to_its_call(site: Site) -> None:
    """A thousand rows through two functions, each answered with its own argument."""
    feed = site.feed()
    rule = site.rule(
        f"SELECT i, {site.name('first')}(i) AS a, {site.name('second')}(i) AS b FROM {feed.stream}"
    )
    eventually(lambda: feed.push(i=0) or rule.results(), "a first result")
    for number in range(1, 1001):
        feed.push(i=number)
    results = rule.find(lambda results: results[-1]["i"] == 1000 and results, timeout=30)
    assert all(one["a"] == one["b"] == one["i"] for one in results)
    assert {one["i"] for one in results} == set(range(1001))


def test_aggregate_in_a_window(site: Site) -> None:
    """An aggregate gets a list per argument, with an entry per row; constants are repeated."""
    feed = site.feed()
    rule = site.rule(
        f"SELECT {site.name('gather')}(i, 'k') AS r FROM {feed.stream} GROUP BY COUNTWINDOW(3)"
    )
    number = 0

    def answered() -> Any:
        nonlocal number
        number += 1
        feed.push(i=number)
        return rule.results()

    eventually(answered, "a window")
    first = rule.results()[0]["r"][0][0]
    assert rule.results()[0]["r"] == [[first, first + 1, first + 2], ["k", "k", "k"]]


def test_aggregate_without_a_window(site: Site) -> None:
    """Outside a window an aggregate gets lists of one."""
    assert site.ask(f"{site.name('gather')}(i)", i=3) == [[3]]


def test_refusal_reaches_the_rule(site: Site) -> None:
    """What `validate` says is in the answer to whoever creates the rule."""
    with pytest.raises(RestError) as refused:
        site.ask(f"{site.name('picky')}(i, s)", i=3, s="x")
    assert refused.value.status == 400
    assert "picky takes one argument, not 2" in refused.value.body
    assert site.ask(f"{site.name('picky')}(i)", i=3) == 3


@both_transports
def test_exception_reaches_the_rule(site: Site) -> None:
    """What `exec` raises is in the rule's status and, with sendError, in its results, with file and
    line; the next row is answered."""
    told = f"ValueError: no threes, got 3 (plugin.py:{line_of('no threes')})"
    with Question(site, f"{site.name('boom')}(i)") as question:
        assert question.ask(i=1) == 1
        question.push(i=3)
        question.rule.find(lambda results: any(told in one.get("error", "") for one in results))
        assert told in question.rule.errors()
        assert question.ask(i=2) == 2


@both_transports
@pytest.mark.parametrize(("number", "line"), [(3, "# hangs"), (4, "# holds the lock")])
def test_a_call_that_hangs_is_an_error(site: Site, number: int, line: str) -> None:
    """With a `call_timeout` of two seconds: the host still waits when the third worker answers. It
    goes on with the next row; log and status say where the call was, and why workers ended."""
    with Question(site, f"{site.name('stall')}(i)") as question:
        assert question.ask(i=1) == 1
        question.push(i=number)
        told = "killed its worker twice (call_timeout=2 s) on this request"
        question.rule.find(lambda results: any(told in one.get("error", "") for one in results))
        assert question.ask(i=2) == 2
        assert question.rule.status()["status"] == "running"
    for words in ("a call takes longer than 2 s", "ended as function 'stall"):
        site.host.await_log(words)
    site.host.await_log(f"plugin.py:{line_of(line)} in exec")


def test_nan_is_null(site: Site) -> None:
    """A result that is not a number arrives as NULL instead of an unreadable message."""
    assert site.ask(f"{site.name('nan')}(i)", i=1) is None


def test_context_names_the_place(site: Site) -> None:
    """A function knows the rule that calls it, and what it logs shows in the host's log with it."""
    with Question(site, f"{site.name('place')}(i)") as question:
        rule, op, instance = question.ask(i=41)
        assert (rule, instance) == (question.rule.id, 0)
        assert op.endswith("_project")
        line = site.host.await_log("called with 41")
    assert f"{rule}/{op}/0" in line
    assert "INFO" in line
    assert "plugin.py:" in line


def test_large_result(site: Site) -> None:
    """A result of 2 MB arrives, or, where the host cannot take it, is answered with an error that
    names the size; the function goes on answering."""
    size = 2_000_000
    limit = site.version.message_limit
    with Question(site, f"{site.name('fill')}(i)") as question:
        assert question.ask(i=1) == "x"
        if limit is None:
            assert question.ask(i=size) == "x" * size
        else:
            question.push(i=size)
            told = f"is {len(_REPLY) + size} bytes long, and this host takes at most {limit}"
            question.rule.find(lambda results: any(told in one.get("error", "") for one in results))
        assert question.ask(i=2) == "xx"
