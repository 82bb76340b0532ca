"""Bytes to messages and back, for both ends of every channel.

Total functions: a decoder answers with a message or raises a `ProtocolError`, whatever the bytes.
"""

import json
from functools import lru_cache
from typing import Any

from ..errors import MalformedMessageError, UnknownCommandError, UnsupportedValueError
from .messages import Ack, Call, CallContext, Command, Meta, Reply, Row, SourceError

__all__ = [
    "decode_ack",
    "decode_call",
    "decode_command",
    "decode_reply",
    "decode_result",
    "decode_source",
    "encode_ack",
    "encode_call",
    "encode_command",
    "encode_reply",
    "encode_result",
    "encode_row",
    "encode_source_error",
    "is_handshake",
]

_ERROR_PREFIX = "error: "
_MAX_RESULT = 4096
_CUT = " …"


def _constant(token: str) -> Any:
    raise ValueError(f"{token} is not JSON")


_decode = json.JSONDecoder(parse_constant=_constant).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _parse(frame: bytes, text: str | None = None) -> Any:
    try:
        return _decode(str(frame, "utf-8") if text is None else text)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError(frame, f"not JSON: {error}") from None


def _dumps(value: Any) -> bytes:
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError):
        raise UnsupportedValueError(type(value).__name__, "value") from None


def _field(frame: bytes, message: Any, name: str, kind: type, words: str) -> Any:
    if type(message) is not dict:
        raise MalformedMessageError(frame, "the message must be an object")
    if name not in message:
        raise MalformedMessageError(frame, f"{name!r} is missing")
    value = message[name]
    if type(value) is not kind:
        raise MalformedMessageError(frame, f"{name!r} must be {words}")
    return value


def decode_command(frame: bytes) -> Command:
    outer = _parse(frame)
    verb = _field(frame, outer, "cmd", str, "a string")
    if verb not in ("start", "stop"):
        raise UnknownCommandError(f"command {verb!r}", "start, stop")
    control = _parse(frame, _field(frame, outer, "arg", str, "a string"))
    symbol = _field(frame, control, "symbolName", str, "a string")
    meta = _field(frame, control, "meta", dict, "an object")
    kind = _field(frame, control, "pluginType", str, "a string")
    if kind not in ("source", "sink", "func"):
        raise UnknownCommandError(f"plugin type {kind!r}", "source, sink, func")
    place = Meta(
        _field(frame, meta, "ruleId", str, "a string"),
        _field(frame, meta, "opId", str, "a string"),
        _field(frame, meta, "instanceId", int, "an integer"),
    )
    datasource = control.get("dataSource", control.get("datasource"))
    return Command(verb, kind, symbol, place, datasource, control.get("config") or {})


def encode_command(command: Command) -> bytes:
    meta = command.meta
    control: dict[str, Any] = {
        "symbolName": command.symbol,
        "meta": {"ruleId": meta.rule_id, "opId": meta.op_id, "instanceId": meta.instance_id},
        "pluginType": command.kind,
    }
    if command.datasource:
        control["dataSource"] = command.datasource
    if command.config:
        control["config"] = dict(sorted(command.config.items()))
    return _dumps({"cmd": command.verb, "arg": _dumps(control).decode()})


def encode_result(error: str | None) -> bytes:
    if error is None:
        return b"ok"
    text = error if error.startswith(_ERROR_PREFIX) else _ERROR_PREFIX + error
    data = text.encode("utf-8", "replace")
    if len(data) > _MAX_RESULT:
        end = _MAX_RESULT - len(_CUT.encode())
        data = (data[:end].decode("utf-8", "ignore") + _CUT).encode()
    return data


def decode_result(frame: bytes) -> str | None:
    return None if frame == b"ok" else frame.decode("utf-8", "replace")


def is_handshake(frame: bytes) -> bool:
    return frame[:1] == b"h"


def decode_call(frame: bytes) -> Call:
    message = _parse(frame)
    func = _field(frame, message, "func", str, "a string")
    args = message.get("arg")
    if args is None:
        args = []
    if func == "Exec":
        try:
            return Call("Exec", args, _context(args.pop()))
        except (IndexError, AttributeError, ValueError, KeyError, TypeError):
            raise MalformedMessageError(frame, "'arg' must end with a context") from None
    if func not in ("Validate", "IsAggregate"):
        raise UnknownCommandError(f"function request {func!r}", "Validate, Exec, IsAggregate")
    return Call(func, args, None)


@lru_cache(maxsize=1024)
def _context(text: str) -> CallContext:
    value = json.loads(text)
    return CallContext(value["ruleId"], value["opId"], value["instanceId"], value["funcId"])


def encode_call(call: Call) -> bytes:
    args = list(call.args)
    if call.context is not None:
        context = call.context
        args.append(
            _dumps(
                {
                    "ruleId": context.rule_id,
                    "opId": context.op_id,
                    "instanceId": context.instance_id,
                    "funcId": context.func_id,
                }
            ).decode()
        )
    return _dumps({"func": call.func, "arg": args or None})


def encode_reply(reply: Reply) -> bytes:
    return _dumps({"state": reply.state, "result": reply.result})


def decode_reply(frame: bytes) -> Reply:
    message = _parse(frame)
    return Reply(_field(frame, message, "state", bool, "a boolean"), message.get("result"))


def encode_row(row: Row) -> bytes:
    if not isinstance(row.message, dict):
        raise UnsupportedValueError(type(row.message).__name__, "message")
    return _dumps({"message": row.message, "meta": row.meta})


def encode_source_error(error: SourceError) -> bytes:
    return _dumps(error.text)


def decode_source(frame: bytes) -> Row | SourceError:
    message = _parse(frame)
    if type(message) is str:
        return SourceError(message)
    if type(message) is not dict:
        raise MalformedMessageError(frame, "a row must be an object")
    return Row(message.get("message") or {}, message.get("meta"))


def encode_ack(ack: Ack) -> bytes:
    return b"{}" if ack.error is None else _dumps({"error": ack.error or "error"})


def decode_ack(frame: bytes) -> Ack:
    message = _parse(frame)
    if type(message) is not dict:
        raise MalformedMessageError(frame, "an acknowledgement must be an object")
    return Ack(message.get("error") or None)
