"""Checks of decoded JSON whose errors name the field."""

from collections.abc import Iterable

from ..errors import MalformedMessageError, UnknownCommandError
from ..typed import Any, TypeVar

__all__ = ["as_object", "field", "optional_field", "unknown"]

_T = TypeVar("_T")

_NAMES = {
    bool: "a boolean",
    dict: "an object",
    float: "a fraction",
    int: "an integer",
    list: "an array",
    str: "a string",
    type(None): "null",
}


def as_object(frame: bytes, value: Any, what: str) -> dict[str, Any]:
    """`value` if it is an object; `what` names it in the error."""
    return _checked(frame, value, dict, what)


def field(frame: bytes, parent: dict[str, Any], path: str, kind: type[_T]) -> _T:
    """The member of `parent` that the last word of the dotted `path` names, of just this type."""
    key = path.rpartition(".")[2]
    if key not in parent:
        raise MalformedMessageError(frame, f"field {path!r} is missing")
    return _checked(frame, parent[key], kind, f"field {path!r}")


def optional_field(frame: bytes, parent: dict[str, Any], path: str, kind: type[_T]) -> _T | None:
    """Like `field`, but None where the member is absent or null."""
    if parent.get(path.rpartition(".")[2]) is None:
        return None
    return field(frame, parent, path, kind)


def unknown(what: str, word: str, known: Iterable[str]) -> UnknownCommandError:
    """The error for a `word` that is a string, but none of those `known`."""
    shown = repr(word) if len(word) <= 80 else f"{word[:80]!r}…"
    return UnknownCommandError(f"{what} {shown}", ", ".join(known))


def _checked(frame: bytes, value: Any, kind: type[_T], what: str) -> _T:
    # Not isinstance: True is no instance number.
    if type(value) is not kind:
        raise MalformedMessageError(
            frame, f"{what} must be {_NAMES[kind]}, not {_NAMES[type(value)]}"
        )
    return value
