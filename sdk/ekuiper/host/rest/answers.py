"""What an eKuiper's answers say, on one line."""

import json
import re
from html import unescape
from typing import Any

__all__ = ["is_page", "one_line", "page_title", "reason_of", "value_of"]

_MOST = 2000  # characters of an answer in a message
_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<\?xml)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def one_line(text: str) -> str:
    """All white space is single spaces, what a terminal would obey is gone, and it has an end."""
    line = " ".join(text.split())
    line = "".join(character if character.isprintable() else "·" for character in line)
    return line if len(line) <= _MOST else f"{line[:_MOST]} … ({len(line)} characters)"


def is_page(kind: str, text: str) -> bool:
    """Whether it is a web page, by its content type or its beginning."""
    return "text/html" in kind.lower() or _PAGE.match(text) is not None


def page_title(text: str) -> str:
    """The title of a web page, or ""."""
    found = _TITLE.search(text)
    return one_line(unescape(found[1])) if found else ""


def reason_of(text: str) -> str:
    """The message in an answer that tells an error; 1.14 to 2.4 wrap it into JSON, mostly."""
    value = value_of(text)
    if isinstance(value, dict) and isinstance(value.get("message"), str) and value["message"]:
        return one_line(value["message"])
    return one_line(text)


def value_of(text: str) -> Any:
    """The JSON value that a text is, else the text itself: many answers are plain sentences."""
    try:
        return json.loads(text, strict=False)  # eKuiper 1 has line ends in its messages
    except (ValueError, RecursionError):
        return text
