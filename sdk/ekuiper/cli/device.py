"""Verbs that are of use on a device, where click and rich may be missing: in plain text."""

import sys

from .diagnosis.plain import diagnose_plainly
from .overview.look import looks, print_plainly
from .overview.reloads import reload_plainly

__all__ = ["VERBS", "run_verb"]

_STATUS = "Usage: ekuiper status [--json] [--watch]"
_RELOAD = "Usage: ekuiper reload [--json] [NAME]..."
_DOCTOR = "Usage: ekuiper doctor [--json]"


def run_verb(arguments: list[str]) -> int:
    """Do what the command line says, whose first word is one of `VERBS`; the exit status."""
    verb, *options = arguments
    try:
        return VERBS[verb](options)
    except (KeyboardInterrupt, BrokenPipeError):
        return 0


def _status(options: list[str]) -> int:
    if {"-h", "--help"} & set(options):
        print(f"{_STATUS}\n\nShow how the plugins on this machine are.")
        return 0
    unknown = [option for option in options if option not in ("--json", "--watch")]
    if unknown:
        print(f"{_STATUS}\n\nError: there is no option {unknown[0]}", file=sys.stderr)
        return 2
    print_plainly(looks(watch="--watch" in options), as_json="--json" in options)
    return 0


def _reload(options: list[str]) -> int:
    if {"-h", "--help"} & set(options):
        print(f"{_RELOAD}\n\nHave plugins go on with the code that is saved now.")
        return 0
    names = [option for option in options if not option.startswith("-")]
    unknown = [option for option in options if option.startswith("-") and option != "--json"]
    if unknown:
        print(f"{_RELOAD}\n\nError: there is no option {unknown[0]}", file=sys.stderr)
        return 2
    return reload_plainly(names, as_json="--json" in options)


def _doctor(options: list[str]) -> int:
    if {"-h", "--help"} & set(options):
        print(f"{_DOCTOR}\n\nTell what is wrong with this machine for plugins.")
        return 0
    unknown = [option for option in options if option != "--json"]
    if unknown:
        print(f"{_DOCTOR}\n\nError: there is no option {unknown[0]}", file=sys.stderr)
        return 2
    return diagnose_plainly(as_json="--json" in options)


VERBS = {"status": _status, "reload": _reload, "doctor": _doctor}
