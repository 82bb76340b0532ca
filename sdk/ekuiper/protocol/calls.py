"""A function's channel: calls one way, replies the other."""

from functools import lru_cache
from typing import Any

from ..errors import MalformedMessageError, UnknownCommandError
from .engine import dumps, loads, stdlib_loads
from .fields import as_object, field
from .gojson import go_json
from .messages import Call, CallContext, Reply

__all__ = ["decode_call", "decode_reply", "encode_call", "encode_reply"]


def decode_call(frame: bytes) -> Call:
    """Plugin's end. Raises `MalformedMessageError` naming the field, or `UnknownCommandError`.

    Calls from one place in a rule share one `CallContext` object while it is remembered.
    """
    message = loads(frame)
    if type(message) is not dict:
        as_object(frame, message, "a call")
    func = message.get("func")
    args = message.get("arg")
    if args is None:
        args = []
    elif type(args) is not list:
        field(frame, message, "arg", list)
    if func == "Exec":
        return Call("Exec", args, _take_context(frame, args))
    if func == "Validate" or func == "IsAggregate":
        return Call(func, args, None)
    name = field(frame, message, "func", str)
    raise UnknownCommandError(f"function request {name!r}", "Validate, Exec, IsAggregate")


def encode_call(call: Call) -> bytes:
    """Host's end, byte for byte as the host does it: no arguments are null.

    Raises `UnsupportedValueError` for arguments that the host could not send either, such as NaN.
    """
    args = call.args if call.context is None else [*call.args, _context_text(call.context)]
    # Exec carries maps, which Go sorts; Validate carries structs, which it does not.
    text = go_json(args or None, sort=call.func == "Exec")
    return f'{{"func":"{call.func}","arg":{text}}}'.encode()


def encode_reply(reply: Reply) -> bytes:
    """Plugin's end. Raises `UnsupportedValueError` if the result has no JSON form."""
    state, result = reply
    start = b'{"state":true,"result":' if state else b'{"state":false,"result":'
    return start + dumps(result, "result") + b"}"


def decode_reply(frame: bytes) -> Reply:
    """Host's end. A reply without `result` has the result None, as in the host."""
    message = as_object(frame, loads(frame), "a reply")
    return Reply(field(frame, message, "state", bool), message.get("result"))


def _take_context(frame: bytes, args: list[Any]) -> CallContext:
    """The context that the host puts behind the arguments of `Exec`, removed from `args`."""
    text = args.pop() if args else None
    if type(text) is not str:
        raise MalformedMessageError(frame, "field 'arg' must end with the context, a string")
    return _context(text)


@lru_cache(maxsize=1024)
def _context(text: str) -> CallContext:
    """Remembered, since it comes with every call and changes only with the place in a rule."""
    frame = text.encode("utf-8", "surrogatepass")
    context = as_object(frame, stdlib_loads(frame, frame), "the context of Exec")
    return CallContext(
        field(frame, context, "ruleId", str),
        field(frame, context, "opId", str),
        field(frame, context, "instanceId", int),
        field(frame, context, "funcId", int),
    )


@lru_cache(maxsize=1024)
def _context_text(context: CallContext) -> str:
    members = {
        "ruleId": context.rule_id,
        "opId": context.op_id,
        "instanceId": context.instance_id,
        "funcId": context.func_id,
    }
    return go_json(members, sort=False)
