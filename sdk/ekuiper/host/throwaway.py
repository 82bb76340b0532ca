"""A rule for the while, where an eKuiper has no trials: it sends its rows to this machine.

Recorded rows come by a stream that stands in for the one they are of, and are pushed to the host's
data port.
"""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ..errors import HostError
from .rest import Rest
from .rest.client import CONNECT_TIMEOUT
from .rest.received import Received, receiving
from .rest.rules import create_rule, create_stream, delete_rule, delete_stream

__all__ = ["Rows", "quietly", "reading", "standing_in", "substitute", "throwaway"]

Rows = Mapping[str, Sequence[dict[str, Any]]]

_WITH = re.compile(r"\bWITH\s*\((.*)\)\s*;?\s*\Z", re.IGNORECASE | re.DOTALL)
_HEAD = re.compile(r"\s*CREATE\s+STREAM\s+`?[\w-]+`?", re.IGNORECASE)
_OPTION = re.compile(r'(\w+)\s*=\s*("(?:\\.|[^"\\])*")')
_OURS = {"TYPE", "DATASOURCE", "CONF_KEY", "FORMAT", "SHARED", "SCHEMAID"}
_AGAIN = 0.1  # seconds until a row is pushed again that nobody took
_PATIENCE = 5.0  # seconds for a rule to take its first row


@contextmanager
def throwaway(
    rest: Rest, id: str, sql: str, streams: Mapping[str, str], mocked: Rows, *, port: int, pace: int
) -> Iterator[Received]:
    """Runs the rule until the block ends. `mocked` are rows in place of those of streams, whose
    statements are `streams`; one goes to the data port each `pace` milliseconds."""
    with receiving(rest) as received, ExitStack() as undo:
        for name in mocked:
            substituted = substitute(id, name)
            create_stream(rest, standing_in(streams[name], substituted))
            undo.callback(quietly, delete_stream, rest, substituted)
            sql = reading(sql, name, substituted)
        create_rule(rest, {"id": id, "sql": sql, "actions": [received.action]})
        undo.callback(quietly, delete_rule, rest, id)
        for name, rows in mocked.items():
            undo.enter_context(_pushing(rest, port, substitute(id, name), rows, pace))
        yield received


def substitute(id: str, stream: str) -> str:
    """How the stream is called that stands in for one."""
    return f"{id}_{stream}"


def standing_in(statement: str, name: str) -> str:
    """A statement that makes a stream of this name, with the fields of another, for rows that are
    pushed."""
    found = _WITH.search(statement)
    options = _OPTION.findall(found[1]) if found else []
    kept = [f"{key}={value}" for key, value in options if key.upper() not in _OURS]
    pushed = ['TYPE="httppush"', f'DATASOURCE="/{name}"', 'FORMAT="json"']
    fields = _HEAD.sub("", statement[: found.start()] if found else statement).strip(" ;\n")
    return f"CREATE STREAM {name} {fields or '()'} WITH ({', '.join([*pushed, *kept])})"


def reading(sql: str, stream: str, substituted: str) -> str:
    """The rule with another stream, which it knows by the name of the one."""
    place = rf"\b(FROM|JOIN)\s+`?{re.escape(stream)}`?(?!\w)(\s+AS\s+\w+)?"

    def put(found: re.Match[str]) -> str:
        return f"{found[1]} {substituted}{found[2] or f' AS {stream}'}"

    return re.sub(place, put, sql, flags=re.IGNORECASE)


@contextmanager
def _pushing(
    rest: Rest, port: int, name: str, rows: Sequence[dict[str, Any]], pace: int
) -> Iterator[None]:
    """On a thread that ends with the block; what cannot be pushed is missed where rows are read."""
    end = threading.Event()

    def push() -> None:
        deadline = time.monotonic() + _PATIENCE
        for row in rows:
            while not end.is_set() and not _push(rest, port, name, row):
                if time.monotonic() > deadline or end.wait(_AGAIN):
                    return
            if end.wait(pace / 1000):
                return

    thread = threading.Thread(target=push, name="ekuiper-push")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _push(rest: Rest, port: int, name: str, row: dict[str, Any]) -> bool:
    """Whether it was taken."""
    made = http.client.HTTPSConnection if rest.place.secure else http.client.HTTPConnection
    connection = made(rest.place.host.strip("[]"), port, timeout=CONNECT_TIMEOUT)
    headers = {"Content-Type": "application/json"}
    try:
        connection.request("POST", f"/{name}", json.dumps(row), headers)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def quietly(remove: Callable[[Rest, str], None], rest: Rest, name: str) -> None:
    """Remove it if that is possible; what went wrong before is told."""
    with suppress(HostError):  # it is gone when the host is
        remove(rest, name)
