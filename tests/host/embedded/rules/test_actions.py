"""What sinks get."""

from __future__ import annotations

import json

import pytest

from ekuiper.host.embedded import Settings
from ekuiper.host.embedded.rules import RuleError

from .conftest import DEADLINE

ROWS = [{"a": 3}, {"a": 4}, {}]


@pytest.mark.parametrize(
    ("properties", "sql", "messages"),
    [
        ({}, "SELECT a FROM demo", [[{"a": 3}], [{"a": 4}], [{}]]),
        ({"sendSingle": True}, "SELECT a FROM demo", [{"a": 3}, {"a": 4}, {}]),
        (
            {"sendSingle": True, "omitIfEmpty": True},
            "SELECT a FROM demo",
            [{"a": 3}, {"a": 4}],
        ),
        ({"omitIfEmpty": True}, "SELECT a FROM demo", [[{"a": 3}], [{"a": 4}], [{}]]),
        (
            {"fields": ["b", "zz"]},
            "SELECT a, a + 1 AS b FROM demo",
            [[{"b": 4, "zz": None}], [{"b": 5, "zz": None}], [{"b": None, "zz": None}]],
        ),
        (
            {"EXCLUDEFIELDS": ["b"]},
            "SELECT a, a + 1 AS b FROM demo",
            [[{"a": 3}], [{"a": 4}], [{}]],
        ),
        (
            {"sendSingle": True, "omitIfEmpty": True},
            "SELECT a FROM demo GROUP BY COUNTWINDOW(3)",
            [{"a": 3}, {"a": 4}],
        ),
        ({}, "SELECT a FROM demo GROUP BY COUNTWINDOW(3)", [[{"a": 3}, {"a": 4}, {}]]),
    ],
)
def test_properties(lab, run, properties, sql, messages):
    """`sendSingle`, `omitIfEmpty`, `fields` and `excludeFields`, as a real host heeds them."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule(sql, {"keep": properties})
    rules = run(rows={"demo": ROWS})
    assert rules.wait(DEADLINE)
    assert [json.loads(text) for text in lab.told(len(messages))] == messages


@pytest.mark.parametrize("omit", [True, False])
def test_windows_without_rows(lab, run, omit):
    """A window of time without rows comes out empty, unless `omitIfEmpty`."""
    lab.rows = []
    lab.stream()
    sql = "SELECT count(*) AS c FROM demo GROUP BY TUMBLINGWINDOW(ms, 20)"
    lab.rule(sql, {"keep": {"omitIfEmpty": omit}, "log": {"sendSingle": True}})
    logged = []
    rules = run(on_log=lambda rule, text: logged.append((rule, text)), limit=3)
    assert rules.wait(DEADLINE)
    assert logged == [("r1", "{}")] * 3
    assert lab.told(0 if omit else 3) == ([] if omit else ["[{}]"] * 3)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2.4", "run Select error: alias: x expr: binaryExpr:{ 1 / demo.a } meet error, err:"),
        ("1.14", '[{"error":"run Select error: alias: x expr: binaryExpr:{ 1 / demo.a } meet'),
    ],
)
def test_errors_are_sent(lab, run, version, message):
    """With `sendError` a sink gets them: as bare text, on 1.x as a row."""
    lab.rows = [{"a": 0}]
    lab.stream()
    lab.rule("SELECT 1 / a AS x FROM demo", {"keep": {}}, options={"sendError": True})
    run(Settings.profile(version))
    [text] = lab.told(1)
    assert text.startswith(message)
    assert "divided by zero" in text


def test_values_without_json(lab, run):
    """They are an error of the action, in Go's words."""
    lab.rows = [{"a": 0}, {"a": 1}]
    lab.stream()
    lab.rule("SELECT ln(a) AS x FROM demo", {"keep": {}}, options={"sendError": True})
    rules = run()
    assert lab.told(2) == ["json: unsupported value: -Inf", '[{"x":0}]']
    [fault] = rules.rule("r1").counters.faults.list()
    assert fault.where == "sink keep"


def test_several_actions(lab, run):
    """Each gets every result; a row counts as out when all took it."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule("SELECT a FROM demo", {"keep": {}}, {"log": {}}, {"nop": {}})
    logged = []
    rules = run(rows={"demo": ROWS[:1]}, on_log=lambda rule, text: logged.append(text))
    assert rules.wait(DEADLINE)
    assert logged == lab.told(1) == ['[{"a":3}]']
    assert rules.rule("r1").counters.rows_out == 1


def test_a_sink_sees_its_properties(lab, run):
    """As they are written; acks are asked for unless told otherwise."""
    lab.stream(options='TYPE="mqtt"')
    lab.rule("SELECT a FROM demo", {"keep": {"Camel": 1, "sendSingle": True}})
    run(rows={"demo": []}, confirm=False)
    assert lab.configs == [{"Camel": 1, "sendSingle": True}]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"keep": {"dataTemplate": "{{.a}}"}}, "action 'keep': dataTemplate is not supported here"),
        ({"keep": {"batchSize": 10}}, "action 'keep': batchSize is not supported here; a real"),
        ({"keep": {"format": "delimited"}}, "the format 'delimited' is not supported here; a real"),
        ({"keep": {"sendSingle": "yes"}}, "sendSingle must be true or false, not 'yes'"),
        ({"keep": {"fields": "a"}}, "fields must be an array of texts"),
        ({"keep": {"fields": ["a"], "excludeFields": ["b"]}}, "cannot both be set"),
        ({"memory": {}}, "a memory action needs a topic, a text"),
        ({"memory": {"topic": "a/#"}}, "the topic 'a/#' of a memory action must be a plain one"),
        ({"rest": {}}, "the action 'rest' is not supported here; a real eKuiper runs it; sinks of"),
        ({"lgo": {}}, "there is no sink 'lgo'; did you mean 'log'? sinks of the plugin: keep"),
    ],
)
def test_refused(lab, run, action, words):
    """The error names the file, the action and the property."""
    lab.stream(options='TYPE="mqtt"')
    path = lab.rule("SELECT a FROM demo", action)
    with pytest.raises(RuleError) as caught:
        run(rows={"demo": []})
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_topic_nobody_publishes(lab, run):
    """A stream of such a topic would wait for ever."""
    lab.stream(options='TYPE="memory", DATASOURCE="doubld"')
    lab.rule("SELECT a FROM demo", {"memory": {"topic": "doubled"}})
    with pytest.raises(RuleError, match="with the topic 'doubld'; did you mean 'doubled'"):
        run()
