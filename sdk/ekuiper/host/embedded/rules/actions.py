"""Where results go: sinks of the plugin, and eKuiper's log, memory and nop."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ....errors import UnsupportedValueError
from ....protocol.gojson import go_json
from ..host import Host
from ..outlet import Outlet
from .bus import Bus
from .data import Problem
from .errors import BEYOND, RuleError, nearest
from .rulefiles import Action, RuleFile
from .stages import Output, Result

__all__ = ["Target", "check_action", "open_action", "published"]

_log = logging.getLogger(__name__)

_BUILTIN = ("log", "memory", "nop")
_ELSEWHERE = {
    "edgex",
    "file",
    "image",
    "influx",
    "influx2",
    "kafka",
    "kinesis",
    "mqtt",
    "neuron",
    "redis",
    "redisPub",
    "rest",
    "sql",
    "tdengine",
    "tdengine3",
    "websocket",
    "zmq",
}
_BEYOND = (
    "batchSize",
    "compression",
    "dataField",
    "dataTemplate",
    "enableCache",
    "encryption",
    "lingerInterval",
)
Rows = list[dict[str, Any]]


class Target(Protocol):
    """An open action. The rule's thread calls it."""

    name: str

    def deliver(self, output: Output) -> None:
        """Hand over what came out. Raises `HostError` when it is not taken, `ValueError` when it
        has no JSON form."""

    def end(self) -> None:
        """No more comes."""

    def stop(self, timeout: float) -> None:
        """Close it. Raises `HostError` if the plugin does not agree in time."""


def open_action(
    action: Action,
    rule: RuleFile,
    *,
    host: Host | None,
    bus: Bus,
    on_log: Callable[[str, str], None] | None,
    confirm: bool,
    fault: Callable[[str], None],
) -> Target:
    """Open an action. Raises `RuleError` like `check_action`, `HostError` for a sink that does not
    start."""
    shape = check_action(action, rule, host)
    if host is not None and action.type in host.manifest.sinks:
        outlet = Outlet(
            host,
            action.type,
            rule=rule.id,
            action=action.position,
            config=action.properties,
            confirm=confirm,
            fault=fault,
        )
        return _Sink(outlet, shape, texts=host.settings.error_rows == "text")
    if action.type == "memory":
        return _Memory(shape, _topic(action, rule), bus)
    return _Log(shape, rule.id, on_log if action.type == "log" else lambda *_: None)


def check_action(action: Action, rule: RuleFile, host: Host | None) -> "_Shape":
    """What an action makes of results. Raises `RuleError` for a sink that is not there, and for
    properties that are wrong or not supported."""
    sinks = host.manifest.sinks if host is not None else ()
    if action.type not in (*sinks, *_BUILTIN):
        raise RuleError(rule.path, _missing(action.type, sinks))
    if action.type == "memory" and action.type not in sinks:
        _topic(action, rule)
    return _Shape(action, rule)


def published(rule: RuleFile) -> list[str]:
    """The topics that a rule's memory actions have."""
    topics = [_Shape.of(each.properties, "topic") for each in rule.actions if each.type == "memory"]
    return [topic for topic in topics if isinstance(topic, str)]


def _missing(name: str, sinks: Sequence[str]) -> str:
    instead = f"sinks of the plugin: {', '.join(sinks) or 'none'}; here are also log, memory, nop"
    if name in _ELSEWHERE:
        return f"the action {name!r} is not supported here; {BEYOND}; {instead}"
    near = nearest(name, [*sinks, *_BUILTIN], "").partition("? ")
    hint = f"{near[0]}? " if near[1] else ""
    return f"there is no sink {name!r}; {hint}{instead}"


def _topic(action: Action, rule: RuleFile) -> str:
    topic = _Shape.of(action.properties, "topic")
    if not isinstance(topic, str) or not topic:
        raise RuleError(rule.path, "a memory action needs a topic, a text")
    if any(mark in topic for mark in "#+") or "{{" in topic:
        raise RuleError(rule.path, f"the topic {topic!r} of a memory action must be a plain one")
    return topic


class _Shape:
    """The properties that all actions have in common."""

    def __init__(self, action: Action, rule: RuleFile) -> None:
        self._where = f"action {action.type!r}"
        self._rule = rule
        self.name = action.type
        given = action.properties
        for key in _BEYOND:
            if self.of(given, key):
                reason = f"{self._where}: {key} is not supported here; {BEYOND}"
                raise RuleError(rule.path, reason)
        form = self.of(given, "format")
        if form not in (None, "", "json"):
            reason = f"{self._where}: the format {form!r} is not supported here; {BEYOND}"
            raise RuleError(rule.path, reason)
        self.single = self._truth(given, "sendSingle")
        self._omit = self._truth(given, "omitIfEmpty")
        self._fields = self._names(given, "fields")
        self._without = self._names(given, "excludeFields")
        if self._fields and self._without:
            reason = f"{self._where}: fields and excludeFields cannot both be set"
            raise RuleError(rule.path, reason)

    @staticmethod
    def of(given: Mapping[str, Any], key: str) -> Any:
        """A property, in any case."""
        folded = key.lower()
        return next((value for name, value in given.items() if name.lower() == folded), None)

    def rows(self, result: Result) -> Rows | None:
        """What goes out for a result; None where nothing does."""
        if self._omit and (result.empty or not result.rows):
            return None
        rows = result.rows
        if self._omit and self.single:
            rows = [row for row in rows if row]
        if self._fields:
            rows = [{name: row.get(name) for name in self._fields} for row in rows]
        if self._without:
            gone = set(self._without)
            rows = [{key: row[key] for key in row if key not in gone} for row in rows]
        return rows

    def text(self, rows: Rows) -> list[str]:
        """The messages, as JSON. Raises `ValueError`."""
        return [as_json(each) for each in (rows if self.single else [rows])]

    def _truth(self, given: Mapping[str, Any], key: str) -> bool:
        value = self.of(given, key)
        if value is not None and not isinstance(value, bool):
            reason = f"{self._where}: {key} must be true or false, not {value!r}"
            raise RuleError(self._rule.path, reason)
        return bool(value)

    def _names(self, given: Mapping[str, Any], key: str) -> list[str]:
        value = self.of(given, key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise RuleError(self._rule.path, f"{self._where}: {key} must be an array of texts")
        return value


def as_json(value: Any) -> str:
    """JSON as Go writes it. Raises `ValueError` in Go's words."""
    try:
        return go_json(value, sort=True)
    except UnsupportedValueError as error:
        infinite = {"float inf": "+Inf", "float -inf": "-Inf", "float nan": "NaN"}
        name = infinite.get(error.value_type)
        raise ValueError(f"json: unsupported value: {name}" if name else str(error)) from error


class _Sink:
    """A sink of the plugin."""

    def __init__(self, outlet: Outlet, shape: _Shape, *, texts: bool) -> None:
        self.name = outlet.name
        self._outlet = outlet
        self._shape = shape
        self._texts = texts

    def deliver(self, output: Output) -> None:
        if isinstance(output, Problem):
            rows: Rows | None = [{"error": output.text}]
            if self._texts:
                self._outlet.hand_over(output.text.encode())
                return
        else:
            rows = self._shape.rows(output)
        for message in self._shape.text(rows) if rows is not None else ():
            self._outlet.hand_over(message.encode())

    def end(self) -> None:
        pass

    def stop(self, timeout: float) -> None:
        self._outlet.settle()
        self._outlet.stop(timeout)


class _Memory:
    """A topic that other rules' streams may have."""

    def __init__(self, shape: _Shape, topic: str, bus: Bus) -> None:
        self.name = shape.name
        self._shape = shape
        self._topic = topic
        self._bus = bus
        self._ended = False
        bus.join(topic)

    def deliver(self, output: Output) -> None:
        if isinstance(output, Problem):
            self._bus.publish(self._topic, [{"error": output.text}])
            return
        rows = self._shape.rows(output)
        if rows:
            self._bus.publish(self._topic, rows)

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._bus.leave(self._topic)

    def stop(self, timeout: float) -> None:
        self.end()


class _Log:
    """eKuiper's log; for nop, nothing."""

    def __init__(self, shape: _Shape, rule: str, on_log: Callable[[str, str], None] | None) -> None:
        self.name = shape.name
        self._shape = shape
        self._rule = rule
        self._on_log = on_log or (lambda rule, text: _log.info("rule %s: %s", rule, text))

    def deliver(self, output: Output) -> None:
        if isinstance(output, Problem):
            self._on_log(self._rule, output.text)
            return
        rows = self._shape.rows(output)
        for message in self._shape.text(rows) if rows is not None else ():
            self._on_log(self._rule, message)

    def end(self) -> None:
        pass

    def stop(self, timeout: float) -> None:
        pass
