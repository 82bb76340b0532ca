"""Whether an installed plugin really answers.

The host says `running` of a process that has only shaken hands, or that is about to die. So each
function is put into a rule that is created but never started: for that the host asks the function
whether its arguments are right, and yes and no are answers both. Sources and sinks would have to be
started, which may do anything; of them is known what the host tells of their process.
"""

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import RestError
from ..rest import Rest
from ..rest.plugins import Plugin, plugin, state
from ..rest.rules import create_rule, create_stream, delete_rule, delete_stream

__all__ = ["Mistaken", "Silent", "answers"]

_AGAIN = 0.25  # seconds until a question is put again
_GRACE = 10.0  # seconds that a question may take beyond the deadline: the host gives up in 5
_SETTLING = 2.0  # seconds in which the end of the old process may be taken for that of the new

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_REFUSAL = "validate return state is false"
_SILENCE = ("time out", "rep socket", "not running")
_OLD = "signal: killed"
_LOG = "kuiperd's log tells more"
_REASON = re.compile(r"Result:(.*?)\}\.?$")


class Silent(Exception):
    """It does not answer, for the reason given."""


class Mistaken(Silent):
    """The host takes the process that it killed for the new one, which it did not start."""


def answers(
    rest: Rest,
    expected: Plugin,
    deadline: float,
    stop: threading.Event,
    tell: Callable[[str], None],
    *,
    doubtful: bool = False,
) -> dict[str, str]:
    """By symbol, how it was seen to work, when all were. Raises `Silent`; where it is `doubtful`
    whether the host started it, and it tells nothing of it, at the first silence."""
    _listed(rest, expected)
    _await_process(rest, expected.name, deadline, stop, tell)
    found = dict.fromkeys((*expected.sources, *expected.sinks), _process(rest, expected.name))
    if expected.functions:
        with _nothing(rest) as stream:
            for function in expected.functions:
                tell(f"asking {function}")
                words = _words(rest, expected.name, function, stream, deadline, doubtful, stop)
                found[function] = words
    _await_process(rest, expected.name, deadline, stop, tell)  # it may have died of the questions
    return found


def _listed(rest: Rest, expected: Plugin) -> None:
    seen = plugin(rest, expected.name)
    if seen is None:
        raise Silent("the host does not list it")
    missing = set(expected.symbols) - set(seen.symbols)
    if missing:
        raise Silent(f"the host lists it without {', '.join(sorted(missing))}")


def _await_process(
    rest: Rest, name: str, deadline: float, stop: threading.Event, tell: Callable[[str], None]
) -> None:
    settled = time.monotonic() + _SETTLING
    while True:
        seen = state(rest, name)
        if seen is None or seen.status == "running":
            return
        if seen.status == "error" and seen.error != _OLD:
            raise Silent(f"its process has ended: {seen.error or 'why is not told'}; {_LOG}")
        if seen.status in ("error", "stop") and time.monotonic() > settled:
            raise Mistaken("the host did not start it")
        if time.monotonic() > deadline:
            raise Silent(f"it is still {seen.status} when its time is over")
        tell(f"the plugin is {seen.status}" if seen.status != "error" else "the plugin starts")
        _pause(stop)


def _process(rest: Rest, name: str) -> str:
    seen = state(rest, name)
    if seen is None:
        return "listed; eKuiper 1 tells no more before a rule uses it"
    return f"its process is {seen.status}"


def _words(
    rest: Rest,
    name: str,
    function: str,
    stream: str,
    deadline: float,
    doubtful: bool,
    stop: threading.Event,
) -> str:
    while True:
        words = _question(rest, function, stream, deadline)
        if not words:
            return "answered"
        if _REFUSAL in words:
            found = _REASON.search(words)
            return f"answered: {found[1] if found else words}"
        if not any(each in words for each in _SILENCE):
            raise Silent(words)
        _judge(rest, name, words, doubtful)
        if time.monotonic() > deadline:
            raise Silent(f"{function} does not answer: {words} {_LOG}")
        _pause(stop)


def _judge(rest: Rest, name: str, words: str, doubtful: bool) -> None:
    """Whether it is of use to ask again, after this silence."""
    seen = state(rest, name)
    if seen is None:
        if doubtful:
            raise Mistaken(words)
        return  # it is slow, or dead: eKuiper 1 does not tell
    if seen.status == "error" and seen.error == _OLD:
        raise Mistaken("the host did not start it")
    if seen.status in ("error", "stop"):
        raise Silent(f"its process has ended: {seen.error or seen.status}; {_LOG}")


def _question(rest: Rest, function: str, stream: str, deadline: float) -> str:
    """Empty when the host takes a rule with this function, else why it does not."""
    name = function if _PLAIN.fullmatch(function) else f"`{function}`"
    rule = {
        "id": stream,
        "triggered": False,
        "sql": f"SELECT {name}(a) AS r FROM {stream}",
        "actions": [{"nop": {}}],
        "options": {},
    }
    left = max(deadline - time.monotonic(), 0) + _GRACE
    try:
        create_rule(rest, rule, timeout=left)
    except RestError as error:
        if error.status in (400, 422):
            return error.body
        raise
    delete_rule(rest, stream)
    return ""


@contextmanager
def _nothing(rest: Rest) -> Iterator[str]:
    """A stream without rows, gone in the end."""
    name = f"ekuiper_deploy_{uuid.uuid4().hex[:8]}"
    create_stream(rest, f'CREATE STREAM {name} () WITH (TYPE="memory", DATASOURCE="{name}")')
    try:
        yield name
    finally:
        for remove in (delete_rule, delete_stream):
            try:
                remove(rest, name)
            except RestError:
                pass  # mostly there is no rule any more; what went wrong before is told


def _pause(stop: threading.Event) -> None:
    if stop.wait(_AGAIN):
        raise Silent("interrupted")
