"""Sinks on a real eKuiper."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .polling import eventually
from .site import Question, Site, line_of

both_transports = pytest.mark.parametrize("transport", ["ipc", "nng"], indirect=True)


class Pipe:
    """A rule from a feed into a sink of the plugin, which writes down what it collects."""

    def __init__(self, site: Site, sink: str = "keep", **properties: Any) -> None:
        self._file: Path = site.folder / "kept"
        action = {site.name(sink): {"file": str(self._file), **properties}}
        feed = site.feed()
        self.push = feed.push
        self.rule = site.rule(f"SELECT i, s FROM {feed.stream}", action)

    def begin(self) -> None:
        """Put rows in until one comes out: a rule that is starting misses some."""
        eventually(lambda: self.push(i=0, s="begin") or self.messages(), "a first message")

    def messages(self) -> list[str]:
        """What the sink wrote down so far."""
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text("utf-8").splitlines()]

    def find(self, look: Callable[[str], Any]) -> Any:
        """What `look` makes of the first message of which it makes something true."""
        return eventually(
            lambda: next(filter(None, map(look, self.messages())), None), "a message in the sink"
        )


@both_transports
def test_rows_come_as_an_array(site: Site) -> None:
    """By default a message is a JSON array of rows, be it one row."""
    pipe = Pipe(site)
    pipe.begin()
    pipe.push(i=1, s="<é>")
    pipe.find(lambda text: json.loads(text) == [{"i": 1, "s": "<é>"}])


def test_send_single(site: Site) -> None:
    """With `sendSingle` a message is one row."""
    pipe = Pipe(site, sendSingle=True)
    pipe.begin()
    pipe.push(i=1, s="one")
    pipe.find(lambda text: json.loads(text) == {"i": 1, "s": "one"})


def test_batch(site: Site) -> None:
    """With `batchSize` a message holds that many results, in order, in a shape that differs between
    versions."""
    pipe = Pipe(site, batchSize=2)
    pipe.begin()
    rows = [{"i": number, "s": "x"} for number in range(1, 5)]
    for row in rows:
        pipe.push(**row)
    batches = [site.version.batch(*pair) for pair in pairwise(rows)]
    pipe.find(lambda text: text in batches)


def test_delimited(site: Site) -> None:
    """With `format: delimited` a message is the text that the host makes, untouched."""
    pipe = Pipe(site, format="delimited", sendSingle=True)
    pipe.begin()
    pipe.push(i=1, s="one")
    pipe.find(lambda text: text == "1,one")


@both_transports
def test_bad_row_does_not_end_the_sink(site: Site) -> None:
    """What `collect` raises is logged with rule, file and line; the next row comes."""
    pipe = Pipe(site, sendSingle=True, poison="bad")
    pipe.begin()
    pipe.push(i=1, s="bad")
    pipe.push(i=2, s="good")
    pipe.find(lambda text: '"good"' in text)
    told = f"ValueError: poisoned by bad (plugin.py:{line_of('poisoned by')})"
    assert pipe.rule.id in site.host.await_log("collect of sink", told)
    assert not any('"bad"' in text for text in pipe.messages())


def test_refusal_is_the_rules_error(site: Site) -> None:
    """What `configure` raises ends the rule, which tells it with file and line."""
    pipe = Pipe(site, refuse="no such broker")
    line = line_of('raise ConnectionError(conf["refuse"])', nth=2)
    assert f"ConnectionError: no such broker (plugin.py:{line})" in pipe.rule.failure()


@both_transports
@pytest.mark.parametrize("sink", ["keep", "keeplater"])
def test_acks(site: Site, sink: str) -> None:
    """With `requireAck` the host counts each row as its ack says, be it the automatic one or the
    author's from another thread; no ack is lost or too many."""
    if not site.version.awaits_acks:
        pytest.skip(f"eKuiper {site.version} cannot await acks")
    pipe = Pipe(site, sink, sendSingle=True, requireAck=True, poison="bad")
    pipe.begin()
    pipe.push(i=1, s="bad")
    eventually(lambda: "poisoned by bad" in pipe.rule.errors(), "the error in the rule's status")
    before = pipe.rule.count("sink_", "records_out_total")
    for number in range(100):
        pipe.push(i=number, s="good")
    eventually(lambda: pipe.rule.count("sink_", "records_out_total") == before + 100, "100 acks")
    assert pipe.rule.count("sink_", "exceptions_total") == 1
    assert sum('"good"' in text for text in pipe.messages()) == 100


@both_transports
def test_acks_nobody_awaits(site: Site) -> None:
    """A sink without `requireAck` whose author acknowledges each row all the same takes 100,000
    rows, and lives."""
    stream = site.stream(site.name("rows"), CONF_KEY="many")
    with Question(site, f"{site.name('census')}()") as census:
        options, properties = site.version.lossless(100_000)
        action = {site.name("tally"): {"sendSingle": True, **properties}}
        rule = site.rule(f"SELECT i FROM {stream}", action, options=options)
        eventually(
            lambda: census.ask()["collected"].get(rule.id) == 100_000, "100,000 rows", timeout=120
        )
        assert f"sink {site.name('tally')}" in census.ask()["threads"]
    assert rule.status()["status"] == "running"
    assert rule.count("sink_", "exceptions_total") == 0
