"""Whether names can be sockets, SQL, and eKuiper's own."""

import re
from collections.abc import Iterator

from ...errors import AddressError
from ...protocol.addresses import Addresses
from ...protocol.messages import Meta
from ..builtin import WORDS, Names
from ..manifest import Manifest
from . import rules
from .finding import Finding
from .manifest import Text
from .model import Bundle

__all__ = ["check_names", "path_length_problem"]

_LONGEST = 107  # bytes of a socket's path
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SQL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KINDS = {"sources": "source", "sinks": "sink", "functions": "function"}


def check_names(
    bundle: Bundle, manifest: Manifest, text: Text | None, names: Names, otherwise: str = ""
) -> Iterator[Finding]:
    """The plugin's name and those of its symbols. `otherwise` is their place where no manifest is
    written."""

    def place(key: str) -> str:
        return bundle.at(text.name, text.line_of(key)) if text else otherwise

    yield from _check_plugin(manifest.name, place("name"))
    for function in dict.fromkeys(manifest.functions):
        yield from _check_function(function, place("functions"), names)
    for kind in ("sources", "sinks"):
        for name in dict.fromkeys(getattr(manifest, kind)):
            yield from _check_endpoint(kind, name, place(kind), names)


def path_length_problem(url: str) -> str:
    """Why a socket cannot be there, or ""."""
    path = url.removeprefix("ipc://")
    size = len(path.encode("utf-8", "replace"))
    over = size - _LONGEST
    return f"{path} has {size} bytes, {over} more than a socket can have" if over > 0 else ""


def _check_plugin(name: str, place: str) -> Iterator[Finding]:
    fix = "Choose another name of letters, digits, - and _, for file, manifest and PluginConfig."
    if name != name.strip():
        reason = f"{name!r} begins or ends with blanks, which eKuiper cuts off"
        yield rules.PLUGIN_NAME(place, reason, fix)
        return
    try:
        url = Addresses().control(name)
    except AddressError as error:
        yield rules.PLUGIN_NAME(place, _reason(error), fix)
        return
    yield from _check_odd("plugin", name, place)
    if problem := path_length_problem(url):
        yield rules.NAME_TOO_LONG(place, problem, _shorten(url))


def _check_function(name: str, place: str, names: Names) -> Iterator[Finding]:
    try:
        url = Addresses().function(name)
    except AddressError as error:
        yield rules.SYMBOL_NAME(place, _reason(error), "Choose another name, as in my_function.")
        return
    if name.lower() in names.functions:
        reason = f"eKuiper has a function {name.lower()!r} itself; the plugin's is never called"
        yield rules.BUILTIN_NAME(place, reason, f"Choose another name, as in my_{name}.")
    elif not _SQL.fullmatch(name) or name.lower() in WORDS:
        what = "is a word of SQL" if name.lower() in WORDS else "is no plain name"
        reason = f"the function {name!r} {what}: SQL takes it as `{name}`(…) only, in backquotes"
        fix = "Choose a name that begins with a letter and has letters, digits and _ only."
        yield rules.FUNCTION_NAME(place, reason, fix)
    if problem := path_length_problem(url):
        yield rules.NAME_TOO_LONG(place, problem, _shorten(url))


def _check_endpoint(kind: str, name: str, place: str, names: Names) -> Iterator[Finding]:
    what = _KINDS[kind]
    op = f"{name}_0" if kind == "sinks" else "s"  # a source's has the stream's name
    try:
        url = Addresses().ack(Meta("r", op, 0))
        Addresses().function(name)
    except AddressError as error:
        reason = f"the {what} {name!r} {_reason(error).partition(repr(name))[2].strip()}"
        yield rules.SYMBOL_NAME(place, reason, "Choose another name, of letters, digits, - and _.")
        return
    if name in getattr(names, kind):
        reason = f"eKuiper has a {what} {name!r} itself; the plugin's is never used"
        yield rules.BUILTIN_NAME(place, reason, f"Choose another name, as in my_{name}.")
    yield from _check_odd(what, name, place)
    if problem := path_length_problem(url):
        yield rules.NAME_TOO_LONG(place, problem, _shorten(url))


def _check_odd(what: str, name: str, place: str) -> Iterator[Finding]:
    if not _PLAIN.fullmatch(name):
        reason = f"the {what} {name!r} has other characters than letters, digits, - and _"
        fix = "Choose a plainer name: it stands in URLs, SQL, files and sockets."
        yield rules.ODD_NAME(place, reason, fix)


def _reason(error: AddressError) -> str:
    return error.reason.partition("; choose another")[0]


def _shorten(url: str) -> str:
    return f"Take {len(url.removeprefix('ipc://').encode()) - _LONGEST} bytes off the name."
