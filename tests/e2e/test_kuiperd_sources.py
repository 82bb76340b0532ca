"""Sources on a real eKuiper."""

import pytest

from .polling import eventually
from .site import Rule, Site, line_of

both_transports = pytest.mark.parametrize("transport", ["ipc", "nng"], indirect=True)


def reading(site: Site, key: str = "", **properties: str) -> Rule:
    """A rule that reads the plugin's source with one of its configurations."""
    if key:
        properties["CONF_KEY"] = key
    stream = site.stream(site.name("rows"), **properties)
    return site.rule(f"SELECT *, meta(origin) AS origin FROM {stream}", options={"sendError": True})


def errors_of(site: Site, rule: Rule, words: str) -> str:
    """Where the host tells of a source's error, as soon as it does: in the rule's status, or, on
    1.x, in the log."""
    if not site.version.reports_source_errors:
        return site.host.await_log("level=error", words, rule.id)
    return eventually(lambda: words in rule.errors() and rule.errors(), f"{words} in the status")


@both_transports
def test_rows_arrive(site: Site) -> None:
    """Each row emitted arrives, in order, with its metadata."""
    rule = reading(site)
    assert rule.results(3) == [{"i": number, "origin": "rows"} for number in range(3)]


def test_settings(site: Site) -> None:
    """`configure` gets the stream's DATASOURCE, and settings whose keys are found in any case."""
    told = reading(site, "tell", DATASOURCE="topic/1").results(1)[0]
    assert told["datasource"] == "topic/1"
    assert told["settings"] == {"stopAt": 7, "STOPAT": 7, "stopat": 7}


def test_shared_stream(site: Site) -> None:
    """Two rules on a shared stream get each row of the one source behind it."""
    stream = site.stream(site.name("rows"), SHARED="true", CONF_KEY="ticking")
    rules = [site.rule(f"SELECT i FROM {stream}") for _ in range(2)]
    for rule in rules:
        rule.results(3)
    seen = [[one["i"] for one in rule.results()] for rule in rules]
    for numbers in seen:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    later = seen[1][0]
    assert later in rules[0].find(lambda results: [one["i"] for one in results])


def test_refusal_is_the_rules_error(site: Site) -> None:
    """What `configure` raises ends the rule, which tells it with file and line."""
    rule = reading(site, "refuse")
    line = line_of('raise ConnectionError(conf["refuse"])')
    assert f"ConnectionError: no such sensor (plugin.py:{line})" in rule.failure()


@both_transports
def test_exception_is_told(site: Site) -> None:
    """What `open` raises is told with file and line, after the rows before it."""
    rule = reading(site, "raise")
    told = f"ended: ConnectionError: the wire was cut (plugin.py:{line_of('the wire was cut')})"
    assert told in errors_of(site, rule, "the wire was cut")
    rule.find(lambda results: {"i": 0, "origin": "rows"} in results)


def test_end_is_told(site: Site) -> None:
    """A source whose `open` returns says so, instead of going quiet."""
    rule = reading(site, "return")
    assert site.name("rows") in errors_of(site, rule, "ended: open() returned")


def test_error_is_told(site: Site) -> None:
    """`emit_error` tells the rule, which goes on with the rows that follow."""
    rule = reading(site, "error")
    errors_of(site, rule, "sensor 7 is silent")
    rule.find(lambda results: {"i": 7, "origin": "after"} in results)
    if site.version.reports_source_errors:
        rule.find(lambda results: any("sensor 7" in str(one.get("error")) for one in results))
