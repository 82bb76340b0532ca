"""Verbs that are of use on a device, where click and rich may be missing: in plain text."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from .diagnosis.plain import diagnose_plainly
from .journal.plain import log_plainly
from .journal.reading import Wanted
from .overview.look import looks, print_plainly
from .overview.reloads import reload_plainly

__all__ = ["VERBS", "run_verb"]

_HELP = ("-h", "--help")
_LAST = "100"


class _Given(NamedTuple):
    """What the command line says: names, options without a value, options with one."""

    names: list[str]
    flags: set[str]
    values: dict[str, str]


class _Verb(NamedTuple):
    """A verb; `names` is how many it takes at most, None for any number."""

    usage: str
    about: str
    run: Callable[[_Given], int]
    flags: tuple[str, ...] = ("--json",)
    values: tuple[str, ...] = ()
    names: int | None = 0


class _WrongCallError(Exception):
    """Says what is wrong with the command line."""


def run_verb(arguments: list[str]) -> int:
    """Do what the command line says, whose first word is one of `VERBS`; the exit status."""
    word, *options = arguments
    verb = VERBS[word]
    usage = f"Usage: ekuiper {word} {verb.usage}"
    if set(_HELP) & set(options):
        print(f"{usage}\n\n{verb.about}")
        return 0
    try:
        return verb.run(_given(verb, options))
    except _WrongCallError as error:
        print(f"{usage}\n\nError: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 0


def _given(verb: _Verb, options: list[str]) -> _Given:
    given = _Given([], set(), {})
    words = iter(options)
    for word in words:
        option, equals, value = word.partition("=")
        if word in verb.flags:
            given.flags.add(word)
        elif option in verb.values:
            found = value if equals else next(words, None)
            if found is None:
                raise _WrongCallError(f"{option} needs a value")
            given.values[option] = found
        elif word.startswith("-"):
            raise _WrongCallError(f"there is no option {word}")
        else:
            given.names.append(word)
    if verb.names is not None and len(given.names) > verb.names:
        raise _WrongCallError(f"{given.names[verb.names]} is one name too many")
    return given


def _status(given: _Given) -> int:
    watch = "--watch" in given.flags
    return print_plainly(looks(given.names, watch=watch), as_json="--json" in given.flags)


def _reload(given: _Given) -> int:
    return reload_plainly(given.names, as_json="--json" in given.flags)


def _doctor(given: _Given) -> int:
    return diagnose_plainly(as_json="--json" in given.flags)


def _logs(given: _Given) -> int:
    last = given.values.get("--last", _LAST)
    if not last.isdecimal():
        raise _WrongCallError(f"--last {last}: is no number")
    name = given.names[0] if given.names else None
    wanted = Wanted(name, given.values.get("--file"), int(last), "--follow" in given.flags)
    return log_plainly(wanted, as_json="--json" in given.flags, full="--full" in given.flags)


VERBS = {
    "status": _Verb(
        "[--json] [--watch] [NAME]...",
        "Show how the plugins on this machine are.",
        _status,
        ("--json", "--watch"),
        names=None,
    ),
    "reload": _Verb(
        "[--json] [NAME]...",
        "Have plugins go on with the code that is saved now.",
        _reload,
        names=None,
    ),
    "doctor": _Verb("[--json]", "Tell what is wrong with this machine for plugins.", _doctor),
    "logs": _Verb(
        "[--file PATH] [--follow] [--last N] [--full] [--json] [NAME]",
        f"Show what plugins wrote into kuiperd's log: the last N entries ({_LAST}; 0: all).",
        _logs,
        ("--json", "--follow", "--full"),
        ("--file", "--last"),
        1,
    ),
}
