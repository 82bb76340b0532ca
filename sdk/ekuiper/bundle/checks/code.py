"""What is in the plugin's code, against what its manifest says."""

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ...errors import DeclarationError
from ..declared import Declared, DeclaredSymbol
from ..manifest import Manifest
from . import rules
from .finding import Finding, Version
from .manifest import Text
from .model import Bundle

__all__ = ["OLDEST", "check_declared", "check_syntax", "declaration_failed", "one_line", "own_code"]

OLDEST: Version = (3, 10)
"""Python, for this SDK."""

_KINDS = {"sources": "source", "sinks": "sink", "functions": "function"}
_SHIPPED = ("lib/", "wheels/", "site-packages/", ".venv/", "venv/", "tests/")
_MOST = 240  # characters of an error
_PLACE = re.compile(r"\(?([\w./-]+\.py):(\d+)\)?")


def own_code(bundle: Bundle) -> dict[str, str]:
    """The author's Python files: their text, by name."""
    return {
        name: member.text()
        for name, member in bundle.files.items()
        if name.endswith(".py") and not name.startswith(_SHIPPED)
    }


def check_syntax(bundle: Bundle, code: dict[str, str], oldest: Version) -> Iterator[Finding]:
    """Whether files are Python, and such that `oldest`, which the plugin says it runs on, takes."""
    for name, text in code.items():
        error = _syntax_error(text, sys.version_info[:2])
        if error is not None:
            reason = f"is no Python: {error.msg}"
            yield rules.SYNTAX(bundle.at(name, error.lineno), reason, "Correct it.")
            continue
        error = _syntax_error(text, oldest)
        if error is not None:
            version = f"{oldest[0]}.{oldest[1]}"
            reason = f"does not run on Python {version}, as the plugin should: {error.msg}"
            fix = f"Write it as Python {version} takes it, or raise requires-python."
            yield rules.SYNTAX_TOO_NEW(bundle.at(name, error.lineno), reason, fix)


def _syntax_error(text: str, version: Version) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text, feature_version=version)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError) as error:
        return SyntaxError(str(error))
    return None


def declaration_failed(bundle: Bundle, error: DeclarationError) -> Finding:
    """The code does not come to `plugin.start`."""
    found = _PLACE.search(error.reason)
    own = found is not None and found[1] in bundle.files
    place = bundle.at(found[1], int(found[2])) if found and own else bundle.at(error.script)
    last = f"; its last words: {error.log.splitlines()[-1]}" if error.log and not own else ""
    if "ModuleNotFoundError" in error.reason:
        fix = "Install what is missing, or name the Python that has it by --python."
    else:
        fix = f"Run it by hand, which must show what it is: python {error.script}"
    return rules.CODE_FAILS(place, one_line(f"{error.reason}{last}"), fix)


def one_line(text: str) -> str:
    """All of a short text; of a long one its beginning and end."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 60]} … {line[-60:]}"


def check_declared(
    bundle: Bundle, manifest: Manifest, text: Text | None, declared: Declared
) -> Iterator[Finding]:
    """The manifest, if one is written, against the code; and symbols that cannot be started."""
    script = Path(manifest.executable).parent
    if declared.name != manifest.name:
        reason = f"PluginConfig names the plugin {declared.name!r}, but it is {manifest.name!r}"
        fix = f"Write PluginConfig({manifest.name!r}, …); else the host waits for it in vain."
        yield rules.CODE_NAME(bundle.at(str(script / declared.started)), reason, fix)
    for kind, what in _KINDS.items():
        symbols: tuple[DeclaredSymbol, ...] = getattr(declared, kind)
        named: tuple[str, ...] = getattr(manifest, kind)
        coded = [symbol.name for symbol in symbols]
        place = bundle.at(text.name, text.line_of(kind)) if text else bundle.place
        for name in dict.fromkeys(named):
            if name not in coded:
                has = ", ".join(coded) or "none"
                reason = f"the {what} {name!r} is not in the code, whose {kind} are: {has}"
                fix = f"Add it to PluginConfig in {declared.started}, or take it from {kind}."
                yield rules.NOT_IN_CODE(place, reason, fix)
        for symbol in symbols:
            if symbol.name not in named:
                reason = f"the {what} {symbol.name!r} is in the code, but not in the manifest"
                fix = f'Add it: "{kind}": [..., "{symbol.name}"].'
                yield rules.NOT_IN_MANIFEST(place, reason, fix)
            if symbol.problem:
                at = bundle.at(str(script / (symbol.place or declared.started)))
                reason = f"the {what} {symbol.name!r}: {symbol.problem}"
                yield rules.SYMBOL_BROKEN(at, reason, "Correct the class.")
