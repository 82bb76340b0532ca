"""The messages of the portable-plugin wire, as typed frozen values.

Named tuples, because a dataclass costs a plugin ten milliseconds of imports at start.
Every shape is described, with its bytes, in docs/protocol.md.
"""

from ..typed import Any, Literal, NamedTuple

__all__ = [
    "HANDSHAKE",
    "Ack",
    "Call",
    "CallContext",
    "Command",
    "Kind",
    "Meta",
    "Reply",
    "Row",
    "SourceError",
    "Verb",
]

Kind = Literal["source", "sink", "func"]
Verb = Literal["start", "stop"]

HANDSHAKE = b"handshake"
"""A plugin's first message on a control or function channel; the host checks only that one came."""


class Meta(NamedTuple):
    """Which place in which rule a symbol runs at; all empty for functions."""

    rule_id: str
    op_id: str
    instance_id: int


class Command(NamedTuple):
    """Host to plugin on the control channel: start or stop one symbol.

    `datasource` is None when the host did not send the top-level field (2.x never does);
    `config` is {} when it was left out.
    """

    verb: Verb
    kind: Kind
    symbol: str
    meta: Meta
    datasource: str | None
    config: dict[str, Any]


class CallContext(NamedTuple):
    """The place in a rule that a function is called from (the last argument of `Exec`)."""

    rule_id: str
    op_id: str
    instance_id: int
    func_id: int


class Call(NamedTuple):
    """Host to plugin on a function channel.

    `args` is [] where the host sent null (a call without arguments, `IsAggregate`).
    `context` is set for `Exec` only and is not part of `args`.
    """

    func: Literal["Validate", "Exec", "IsAggregate"]
    args: list[Any]
    context: CallContext | None


class Reply(NamedTuple):
    """Plugin to host on a function channel; `result` is the error text where `state` is False."""

    state: bool
    result: Any


class Row(NamedTuple):
    """Plugin to host on a source channel: one row."""

    message: dict[str, Any]
    meta: dict[str, Any] | None


class SourceError(NamedTuple):
    """Plugin to host on a source channel: an error for the rule (a bare string on the wire)."""

    text: str


class Ack(NamedTuple):
    """Plugin to host on a sink's ack channel: `error` is None when the row was taken."""

    error: str | None
