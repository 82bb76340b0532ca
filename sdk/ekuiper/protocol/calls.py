"""A function's channel: calls one way, replies the other."""

from functools import lru_cache

from ..errors import MalformedMessageError
from ..typed import Any
from .engine import dumps, loads
from .fields import as_object, field, optional_field, unknown
from .gojson import go_json
from .messages import Call, CallContext, Reply
from .stdlib import stdlib_loads

__all__ = [
    "decode_args",
    "decode_call",
    "decode_reply",
    "encode_call",
    "encode_reply",
    "encode_returned",
    "ending_of",
]

_EXEC = b'{"func":"Exec","arg":'
_ARGS = len(_EXEC)

# How the last argument begins, the context: most of a frame, and the same in call after call. No
# text within a JSON string is like it, as a quote in there has a backslash before it.
_CONTEXT = b',"{\\"ruleId'


def ending_of(frame: bytes) -> bytes:
    """How a call of `Exec` ends: its context; nothing of any other."""
    at = frame.rfind(_CONTEXT)
    return frame[at:] if at > 0 and frame.startswith(_EXEC) and _place(frame[at:]) else b""


def decode_args(frame: bytes, ending: bytes) -> list[Any] | None:
    """The arguments of a call of `Exec` that ends so, which is the `ending_of` another one: what
    `decode_call` finds, but quicker. None where only that can tell."""
    if ending and frame.endswith(ending) and frame.startswith(_EXEC):
        try:
            args = loads(frame[_ARGS : -len(ending)] + b"]")
        except MalformedMessageError:
            return None
        if args and type(args) is list:
            return args
    return None


def decode_call(frame: bytes) -> Call:
    """Plugin's end. Raises `MalformedMessageError` naming the field, or `UnknownCommandError`.

    Calls from one place in a rule share one `CallContext` object while it is remembered.
    """
    ending = ending_of(frame)
    args = decode_args(frame, ending)
    if args is not None:
        return Call("Exec", args, _place(ending))
    return _decode_whole(frame)


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
    if reply.state:
        return encode_returned(reply.result)
    return b'{"state":false,"result":' + dumps(reply.result, "result") + b"}"


def encode_returned(result: Any) -> bytes:
    """`encode_reply` of a call that returned this."""
    return b'{"state":true,"result":' + dumps(result, "result") + b"}"


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
            return Call("Exec", args, _context(args.pop()))
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
