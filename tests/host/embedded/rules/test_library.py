"""Functions of a statement: looked up, asked and validated as eKuiper does it."""

from __future__ import annotations

import pytest

from ekuiper.host.embedded import PROFILES, Settings
from ekuiper.host.embedded.rules import RuleError, StatementError

COLUMN = {"StreamName": "$$default", "Name": "a"}
INDEXED = {**COLUMN, "HasIndex": False, "SourceIndex": 0, "Index": 0}


@pytest.mark.parametrize(("version", "times"), [("1.14", 2), ("2.0", 2), ("2.2", 2), ("2.4", 3)])
def test_asked_as_often_as_ekuiper_asks(lab, run, version, times):
    """`IsAggregate` once, the outer function first; `Validate` inside out, all of it again."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule("SELECT twice(twice(a)) AS x FROM demo WHERE picky() > 1")
    run(Settings.profile(version), rows={"demo": []})
    assert lab.asked[0] == ("twice", "aggregate", None)
    assert [(name, kind) for name, kind, _ in lab.asked if kind == "aggregate"] == [
        ("twice", "aggregate"),
        ("picky", "aggregate"),
    ]
    column = INDEXED if version == "2.4" else COLUMN
    validated = [args for _, kind, args in lab.asked if kind == "validate"]
    assert len(validated) == 3 * times
    assert validated[0] == [column]
    assert validated[1][0]["Name"] == "twice"
    assert validated[1][0]["Args"] == [column]
    assert validated[2] == []


@pytest.mark.parametrize("version", PROFILES)
def test_a_refusal_has_the_words_of_the_host(lab, run, version):
    """What `validate` says stands in the error as eKuiper has it, with the place of the call."""
    lab.stream(options='TYPE="mqtt"')
    sql = "SELECT a, picky(a) AS x FROM demo"
    lab.rule(sql)
    with pytest.raises(StatementError) as caught:
        run(Settings.profile(version), rows={"demo": []})
    named = "" if version in ("1.14", "2.0") else "validate function picky error: "
    assert caught.value.reason == (
        f"Parse SQL {sql} error: {named}validate return state is false, "
        "got &{State:false Result:picky takes no arguments}."
    )
    assert (caught.value.line, caught.value.column) == (3, 20)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT abs() FROM demo", "validate function abs error: Expect 1 arguments but found 0."),
        (
            'SELECT abs("x") FROM demo',
            "validate function abs error: Expect number - float or int type for parameter 1",
        ),
        ("SELECT upper(1) FROM demo", "Expect string type for parameter 1"),
        ('SELECT cast(a, "int") FROM demo', "Expect one of following value for the 2nd parameter"),
        ("SELECT lag(a) AS x FROM demo", "the function lag is not supported here; a real eKuiper"),
        ("SELECT uper(a) FROM demo", "function uper not found; did you mean 'upper'"),
        ("SELECT Twice(a) FROM demo", "function Twice not found; did you mean 'twice'"),
        ("SELECT sum(count(*)) AS x FROM demo", "aggregate argument is not allowed"),
        ("SELECT a FROM demo WHERE total(a) > 1", "an aggregate in WHERE is not supported here"),
        ("SELECT a FROM demo GROUP BY a", "select stmt group by should be used with window"),
        ("SELECT a FROM demo GROUP BY sum(a), COUNTWINDOW(2)", "Not allowed to call aggregate"),
        ("SELECT a FROM demo GROUP BY COUNTWINDOW(2) HAVING a > 1", "Not allowed to call non-agg"),
        ("SELECT count(*) AS c FROM demo HAVING c > 1", "HAVING needs a window in GROUP BY"),
        ("SELECT a AS b, b AS a FROM demo", "select fields have cycled alias"),
        ("SELECT a AS x, b AS X FROM demo", "the name 'X' is given twice"),
        ("SELECT upper(a), upper(b) FROM demo", "duplicate field definition upper"),
    ],
)
def test_refused(lab, run, sql, words):
    """What the host refuses, and what only a real one runs, is refused before anything runs."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule(sql)
    with pytest.raises(StatementError) as caught:
        run(rows={"demo": []})
    assert words in caught.value.reason


def test_a_name_given_twice_before_2_4(lab, run):
    """Earlier hosts take it; the last one wins."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule("SELECT upper(a), upper(b) FROM demo")
    rules = run(Settings.profile("2.2"), rows={"demo": [{"a": "x", "b": "y"}]})
    assert rules.rule("r1").rows(1) == [{"upper": "Y"}]


def test_columns_of_a_schema(lab, run):
    """A stream with a schema has no other columns."""
    lab.stream(options='TYPE="mqtt"', columns="temp FLOAT, hum FLOAT")
    lab.rule("SELECT tmp FROM demo")
    with pytest.raises(StatementError, match="no column 'tmp'; did you mean 'temp'"):
        run(rows={"demo": []})


def test_aliases_of_a_schema_in_any_order(lab, run):
    """With a schema an alias may stand before what it is made of."""
    lab.stream(options='TYPE="mqtt"', columns="a BIGINT")
    lab.rule("SELECT b * 2 AS c, a + 1 AS b FROM demo")
    assert run(rows={"demo": [{"a": 3}]}).rule("r1").rows(1) == [{"b": 4, "c": 8}]


def test_no_such_profile():
    """The error lists those that are known."""
    with pytest.raises(RuleError.__mro__[1], match=r"no profile for eKuiper '3\.0'; known: 1\.14"):
        Settings.profile("3.0")
