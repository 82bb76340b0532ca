"""JSON on standard output."""

import json
import sys
from typing import Any

__all__ = ["json_line", "print_json"]


def json_line(value: Any) -> str:
    """A value on one line. What the encoding of standard output lacks is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def print_json(value: Any) -> None:
    """Print it, at once."""
    print(json_line(value), flush=True)
