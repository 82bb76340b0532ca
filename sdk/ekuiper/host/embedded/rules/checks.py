"""Whether a rule's stream, its actions and the names of both fit the plugin."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from ....errors import AddressError
from ....protocol.addresses import Addresses
from ....protocol.messages import Meta
from ..host import Host
from .actions import check_action, published
from .errors import RuleError, StatementError, nearest
from .rulefiles import RuleFile
from .streams import Stream

__all__ = ["Checks", "blaming"]

_ELSEWHERE = {
    "can",
    "edgex",
    "file",
    "httppull",
    "httppush",
    "kafka",
    "mqtt",
    "neuron",
    "nexmark",
    "random",
    "redis",
    "redisPub",
    "redisSub",
    "rest",
    "simulator",
    "sql",
    "tdengine",
    "video",
    "websocket",
    "zmq",
}
"""Sources that eKuiper has and that are not here."""


class Checks:
    """Of all `rules` together; `given` names the streams whose rows are given."""

    def __init__(
        self, host: Host | None, rules: Sequence[RuleFile], given: Collection[str]
    ) -> None:
        self._host = host
        self._rules = rules
        self._given = given

    def rule(self, rule: RuleFile, stream: Stream) -> None:
        """Raise `RuleError` for what does not fit."""
        _named(rule)
        if stream.name not in self._given:
            self._source(stream)
        for action in rule.actions:
            check_action(action, rule, self._host)

    def _source(self, stream: Stream) -> None:
        if stream.type == "memory":
            self._topic(stream)
            return
        sources = self._host.manifest.sources if self._host is not None else ()
        if stream.type not in sources:
            raise stream.error("TYPE", _missing(stream, sources))
        try:
            Addresses().data(Meta("rule", stream.name, 0))
        except AddressError as error:
            reason = error.reason.replace("the op id", "the name of the stream")
            raise stream.error("", reason) from error

    def _topic(self, stream: Stream) -> None:
        topics = {topic for rule in self._rules for topic in published(rule)}
        topic = stream.options.get("DATASOURCE", "")
        if topic not in topics:
            raise _no_topic(stream, topic, topics)


@contextmanager
def blaming(rule: RuleFile) -> Iterator[None]:
    """Name the rule's file where a socket of it cannot be."""
    try:
        yield
    except AddressError as error:
        raise RuleError(rule.path, error.reason) from error


def _named(rule: RuleFile) -> None:
    """Its id becomes part of sockets' names."""
    with blaming(rule):
        Addresses().data(Meta(rule.id, "op", 0))


def _missing(stream: Stream, sources: Sequence[str]) -> str:
    name = stream.type
    instead = (
        f"give the stream rows from a file, as in --rows {stream.name}=FILE, "
        f"or another TYPE; sources of the plugin: {', '.join(sources) or 'none'}"
    )
    if name in _ELSEWHERE:
        told = "" if "TYPE" in stream.options else f"a stream without TYPE is of {name}, and "
        return (
            f"{told}{name!r} is a source of eKuiper's own: a real eKuiper has it, "
            f"`ekuiper run` has not; {instead}"
        )
    near = nearest(name, [*sources, "memory"], "").partition("? ")
    hint = f"{near[0]}? " if near[1] else ""
    return f"there is no source {name!r}; {hint}{instead}"


def _no_topic(stream: Stream, topic: str, topics: Collection[str]) -> StatementError:
    reason = f"no rule has a memory action with the topic {topic!r}"
    return stream.error("DATASOURCE", f"{reason}; {nearest(topic, topics, 'topics')}")
