"""What is told of a call whose worker lets no other thread run."""

import re

from ...errors import EkuiperError
from ...protocol.codec import decode_call
from ..author import PACKAGE
from ..stacks import begin_of_author

__all__ = ["all_lines", "lines_of", "place"]

_THREAD = re.compile("0x[0-9a-f]+")
_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')


def place(request: bytes) -> str:
    """Which rule calls, if that is known."""
    try:
        place = decode_call(request).context
    except EkuiperError:
        return ""
    return "" if place is None else f"[{place.rule_id}/{place.op_id}/{place.instance_id}] "


def lines_of(dump: str, thread: int) -> list[str]:
    """What to tell of what faulthandler wrote: the stack of this thread, as `stack_of` has it, and
    where others are in author code. It may be one of them that lets no other run."""
    stacks = [_stack(each) for each in dump.split("\n\n")]
    others = [stack[-1] for name, stack in stacks if name != thread and stack]
    own = dict(stacks).get(thread) or ["(its stack could not be taken)"]
    return [*own, *(f"another thread: {each}" for each in others)]


def all_lines(dump: str) -> list[str]:
    """Where each thread is that is in author code."""
    stacks = [_stack(each)[1] for each in dump.split("\n\n")]
    told = [line for stack in stacks if stack for line in ("a thread:", *stack)]
    return told or ["(no stack could be taken)"]


def _stack(dump: str) -> tuple[int, list[str]]:
    """Which thread it is, and its lines, unless it runs our code."""
    head, *lines = dump.splitlines() or [""]
    frames = [entry.groups() for entry in map(_FRAME.match, lines) if entry is not None]
    thread = _THREAD.search(head)
    if thread is None or not frames or frames[0][0].startswith(PACKAGE):
        return 0, []
    frames.reverse()
    begin = begin_of_author([path for path, _, _ in frames])
    return int(thread[0], 16), [f"{path}:{line} in {name}" for path, line, name in frames[begin:]]
