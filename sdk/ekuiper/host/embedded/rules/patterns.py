"""Patterns of LIKE and of the regexp functions, as eKuiper has them."""

import re

__all__ = ["compile_pattern", "expand", "like_pattern"]

_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


def like_pattern(text: str) -> re.Pattern[str]:
    """`%` for any text, `_` for any character, and all else a regular expression: eKuiper escapes
    none of it. Raises `ValueError`."""
    doubled = text.replace("%", ".*").replace("_", ".") if "\\" not in text else _escaped(text)
    return compile_pattern(f"^{doubled}$")


def compile_pattern(text: str) -> re.Pattern[str]:
    """A regular expression. Raises `ValueError`."""
    try:
        return re.compile(_ends(text))
    except re.error as error:
        raise ValueError(f"error parsing regexp: {error}: `{text}`") from error


def expand(template: str, found: re.Match[str]) -> str:
    """A replacement, `$1` and `${name}` filled in; groups that are not there come to nothing."""

    def group(reference: re.Match[str]) -> str:
        if reference[3] is not None:
            return "$"
        name = reference[1] or reference[2]
        try:
            return found[int(name) if name.isdecimal() else name] or ""
        except IndexError:
            return ""

    return _GROUP.sub(group, template)


def _escaped(text: str) -> str:
    found = re.sub(r"\\%|\\_|%|_", lambda each: {"%": ".*", "_": "."}.get(each[0], each[0]), text)
    return found.replace("\\", "\\\\")


def _ends(text: str) -> str:
    """Go's `$` is the end of the text; Python's is also before a last line break."""
    found: list[str] = []
    inside = False
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            found.append(text[at : at + 2].replace("\\z", "\\Z"))
            at += 2
            continue
        if char == "[":
            inside = True
        elif char == "]":
            inside = False
        found.append("\\Z" if char == "$" and not inside else char)
        at += 1
    return "".join(found)
