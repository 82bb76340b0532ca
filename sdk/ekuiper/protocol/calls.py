"""A function's channel: calls one way, replies the other."""

from collections.abc import Callable
from functools import lru_cache, partial

from ..errors import MalformedMessageError
from ..typed import Any
from .engine import dumps, loads
from .fields import as_object, field, optional_field, unknown
from .gojson import go_json
from .messages import Call, CallContext, Reply
from .stdlib import stdlib_loads

__all__ = ["decode_call", "decode_reply", "encode_call", "encode_reply"]

_EXEC = b'{"func":"Exec","arg":'
_ARGS = len(_EXEC)

# How the last argument begins, the context: most of a frame, and the same in call after call. No
# text within a JSON string is like it, as a quote in there has a backslash before it.
_CONTEXT = b',"{\\"ruleId'

# What `Call` itself is, but for the call of a Python function, in which a named tuple wraps it.
_call: Callable[[tuple[str, list[Any], CallContext]], Call] = partial(tuple.__new__, Call)


def decode_call(frame: bytes) -> Call:
    """Plugin's end. Raises `MalformedMessageError` naming the field, or `UnknownCommandError`.

    Calls from one place in a rule share one `CallContext` object while it is remembered.
    """
    at = frame.rfind(_CONTEXT)
    if at > 0 and frame.startswith(_EXEC):
        place = _place(frame[at:])
        if place is not None:
            try:
                args = loads(frame[_ARGS:at] + b"]")
            except MalformedMessageError:
                args = None  # told of the whole frame, below
            if args and type(args) is list:
                return _call(("Exec", args, place))
    return _decode_whole(frame)


def encode_call(call: Call) -> bytes:
    """Host's end, byte for byte as the host does it: no arguments are null.

    Raises `UnsupportedValueError` for arguments that the host could not send either, such as NaN.
    """
    args = call.args if call.context is None else [*call.args, _context_text(call.context)]
    # Exec carries maps, which Go sorts; Validate carries structs, which it does not.
    text = go_json(args or None, sort=call.func == "Exec")
    return f'{{"func":"{call.func}","arg":{text}}}'.encode()


def encode_reply(reply: Reply | tuple[bool, Any]) -> bytes:
    """Plugin's end; a plain pair will do. Raises `UnsupportedValueError` if the result has no JSON
    form."""
    state, result = reply
    if state:
        return b'{"state":true,"result":' + dumps(result, "result") + b"}"
    return b'{"state":false,"result":' + dumps(result, "result") + b"}"


def decode_reply(frame: bytes) -> Reply:
    """Host's end. A reply without `result` has the result None, as in the host."""
    message = as_object(frame, loads(frame), "a reply")
    return Reply(field(frame, message, "state", bool), message.get("result"))


def _decode_whole(frame: bytes) -> Call:
    """Any call, without looking at how its text is written."""
    message = loads(frame)
    if type(message) is dict and message.get("func") == "Exec":
        args = message.get("arg")
        if type(args) is list and args and type(args[-1]) is str:
            return _call(("Exec", args, _context(args.pop())))
    return _decode_rare_call(frame, as_object(frame, message, "a call"))


def _decode_rare_call(frame: bytes, message: dict[str, Any]) -> Call:
    func = field(frame, message, "func", str)
    args = optional_field(frame, message, "arg", list) or []
    if func == "Validate":
        return Call("Validate", args, None)
    if func == "IsAggregate":
        return Call("IsAggregate", args, None)
    if func == "Exec":
        raise MalformedMessageError(frame, "field 'arg' must end with the context, a string")
    raise unknown("function request", func, ("Validate", "Exec", "IsAggregate"))


@lru_cache(maxsize=1024)
def _place(ending: bytes) -> CallContext | None:
    """The context with which a frame ends, None if what looks like one is none."""
    try:
        values = stdlib_loads(ending, b"[0" + ending[:-1])
        return _context(values[1]) if ending.endswith(b'"]}') and len(values) == 2 else None
    except MalformedMessageError:
        return None


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
