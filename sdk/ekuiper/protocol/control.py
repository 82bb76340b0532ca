"""The control channel: commands one way, their results the other."""

from ..typed import Any
from .fields import as_object, field, optional_field, unknown
from .gojson import go_json
from .messages import Command, Kind, Meta, Verb
from .stdlib import stdlib_loads
from .values import scrub

__all__ = ["decode_command", "decode_result", "encode_command", "encode_result", "is_handshake"]

_MAX_RESULT = 4096  # bytes; more has no place in a rule's status
_OK = b"ok"
_ERROR = "error: "
_CUT = " …"
_VERBS: dict[str, Verb] = {"start": "start", "stop": "stop"}
_KINDS: dict[str, Kind] = {"source": "source", "sink": "sink", "func": "func"}


def decode_command(frame: bytes) -> Command:
    """Plugin's end. Raises `MalformedMessageError` naming the field, or `UnknownCommandError`."""
    # By the standard library: the first command comes before loading orjson is worth it.
    outer = as_object(frame, stdlib_loads(frame, frame), "a command")
    cmd = field(frame, outer, "cmd", str)
    if cmd not in _VERBS:
        raise unknown("command", cmd, _VERBS)
    arg = field(frame, outer, "arg", str).encode("utf-8", "surrogatepass")
    control = as_object(frame, stdlib_loads(frame, arg), "the text in field 'arg'")
    plugin_type = field(frame, control, "arg.pluginType", str)
    if plugin_type not in _KINDS:
        raise unknown("plugin type", plugin_type, _KINDS)
    datasource = optional_field(frame, control, "arg.dataSource", str)
    if datasource is None:
        datasource = optional_field(frame, control, "arg.datasource", str)
    return Command(
        _VERBS[cmd],
        _KINDS[plugin_type],
        field(frame, control, "arg.symbolName", str),
        _meta(frame, field(frame, control, "arg.meta", dict)),
        datasource,
        optional_field(frame, control, "arg.config", dict) or {},
    )


def encode_command(command: Command) -> bytes:
    """Host's end, byte for byte as the host does it: what is empty is left out."""
    meta = command.meta
    control: dict[str, Any] = {
        "symbolName": command.symbol,
        "meta": {"ruleId": meta.rule_id, "opId": meta.op_id, "instanceId": meta.instance_id},
        "pluginType": command.kind,
    }
    if command.datasource:
        control["dataSource"] = command.datasource
    text = go_json(control, sort=False)
    if command.config:
        text = text[:-1] + ',"config":' + go_json(command.config, sort=True) + "}"
    return go_json({"cmd": command.verb, "arg": text}, sort=False).encode()


def encode_result(error: str | None) -> bytes:
    """Plugin's end: the answer to a command, None for success.

    Every error begins with "error: ", since the host takes an answer beginning with "h" for a
    handshake and sends the command again (SendCmd in eKuiper's runtime/connection.go).
    """
    if error is None:
        return _OK
    text = error if error.startswith(_ERROR) else _ERROR + error
    data = scrub(text).encode()
    if len(data) <= _MAX_RESULT:
        return data
    kept = data[: _MAX_RESULT - len(_CUT.encode())].decode("utf-8", "ignore")
    return (kept + _CUT).encode()


def decode_result(frame: bytes) -> str | None:
    """Host's end: None for success, else the whole answer as text. Any answer will do."""
    return None if frame == _OK else frame.decode("utf-8", "replace")


def is_handshake(frame: bytes) -> bool:
    """Host's end, control and function channels: whether eKuiper takes `frame` for a handshake."""
    return frame.startswith(b"h")


def _meta(frame: bytes, meta: dict[str, Any]) -> Meta:
    return Meta(
        field(frame, meta, "arg.meta.ruleId", str),
        field(frame, meta, "arg.meta.opId", str),
        field(frame, meta, "arg.meta.instanceId", int),
    )
