"""The table of statements on a host: names filled in, messages made comparable."""

import json
import re
from typing import Any

from .statements import Statement

__all__ = ["FUNCTIONS", "comparable", "filled_in", "message"]

FUNCTIONS = ("add", "boom", "echo", "gather", "kinds", "nodes", "nothing", "place", "spread")
"""Those of the plugin."""

_CALL = re.compile(rf"\b({'|'.join(FUNCTIONS)})\(")
_NOTHING = ([], [{}])


def filled_in(statement: Statement, stream: str, mark: str) -> str:
    """The SQL for a stream of another name, with the plugin installed under `mark`."""
    sql = _CALL.sub(rf"\1_{mark}(", statement.sql)
    return re.sub(r"\bdemo\b", stream, sql)


def message(text: str) -> Any:
    """What a sink got: rows, or an error, which is bare text."""
    try:
        return json.loads(text)
    except ValueError:
        return {"error": text}


def comparable(statement: Statement, messages: list[Any], stream: str, mark: str) -> list[Any]:
    """The messages as the table has them, whatever stream and mark are called."""
    text = json.dumps(messages)
    found = json.loads(
        text.replace(f"_{mark}", "").replace(stream.removesuffix(f"_{mark}"), "demo")
    )
    if statement.timed:
        found = [each for each in found if each not in _NOTHING]
    if statement.unordered:
        found = [sorted(each, key=json.dumps) for each in found]
    return found
