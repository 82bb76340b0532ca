"""Names that plugins and symbols may have, in eKuiper's SQL and in Python alike."""

import keyword
import re
import sys
from collections.abc import Collection
from importlib.util import find_spec

import click

from ...bundle.builtin import BUILT_IN, WORDS

__all__ = ["KINDS", "check_plugin", "check_symbol"]

KINDS = ("source", "function", "aggregate", "sink")
"""In the order of a row's way."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST = 40  # characters: several of them and more make the path of a socket, 107 bytes long
_BUILT_IN = {
    "source": frozenset(name.lower() for name in BUILT_IN.sources),
    "sink": frozenset(name.lower() for name in BUILT_IN.sinks),
    "function": BUILT_IN.functions,
    "aggregate": BUILT_IN.functions,
}


def check_plugin(name: str) -> None:
    """`name` becomes a plugin, its file and its module. Raises `click.UsageError`."""
    _check("plugin", name)
    if name in sys.stdlib_module_names or _is_installed(name):
        reason = f"its file {name}.py would hide the module {name} of Python"
        raise _refused("plugin", name, reason, f"{name}_plugin")


def check_symbol(kind: str, name: str, taken: Collection[str], plugin: str) -> None:
    """`name` becomes a symbol, beside those `taken`. Raises `click.UsageError`."""
    _check(kind, name)
    better = f"{plugin}_{name}" if plugin != name else f"{name}_value"
    if kind != "sink" and name in WORDS:  # streams are called like their sources
        raise _refused(kind, name, "it is a word of eKuiper's SQL", better)
    if name in _BUILT_IN[kind]:
        what = "function" if kind == "aggregate" else kind
        raise _refused(kind, name, f"eKuiper has a {what} of that name, which goes first", better)
    if name in taken:
        raise _refused(kind, name, f"the plugin has one of that name: {', '.join(taken)}", "")


def _check(kind: str, name: str) -> None:
    better = _bettered(name)
    if not _NAME.fullmatch(name):
        reason = "a name has lower-case letters, digits and _, and begins with a letter"
        raise _refused(kind, name, reason, better)
    if len(name) > _LONGEST:
        reason = (
            f"{len(name)} characters; sockets are named after it, so that {_LONGEST} are enough"
        )
        raise _refused(kind, name, reason, name[:_LONGEST].rstrip("_"))
    if keyword.iskeyword(name) or name in ("none", "true", "false"):
        raise _refused(kind, name, "it is a word of Python", f"{name}_{kind}")


def _refused(kind: str, name: str, reason: str, better: str) -> click.UsageError:
    hint = f"; did you mean {better!r}?" if better and better != name else ""
    return click.UsageError(f"{kind} {name!r}: {reason}{hint}")


def _bettered(name: str) -> str:
    """The nearest name that may be one, "" if none is near."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    found = re.sub(r"[^a-z0-9]+", "_", parted).strip("_").lstrip("0123456789_")
    return found[:_LONGEST].rstrip("_")


def _is_installed(name: str) -> bool:
    try:
        spec = find_spec(name)
        return spec is not None and spec.origin is not None  # a folder of that name hides nothing
    except (ImportError, ValueError):
        return False
