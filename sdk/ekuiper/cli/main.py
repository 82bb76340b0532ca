"""Where the `ekuiper` command begins."""

import sys

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line and end the process: 0 done, 1 failed, 2 wrongly called."""
    if sys.argv[1:2] == ["serve"]:
        from ..runtime.serving import serve  # at once: a host waits

        serve(sys.argv[2:])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows ?
    from importlib.util import find_spec

    if any(find_spec(package) is None for package in _NEEDED):
        from .device import VERBS, run_verb

        if sys.argv[1:2] and sys.argv[1] in VERBS:
            sys.exit(run_verb(sys.argv[1:]))
        print("the ekuiper command needs more: pip install 'ekuiper[cli]'", file=sys.stderr)
        sys.exit(2)
    from .group import ekuiper
    from .shared.interrupts import as_ctrl_c

    as_ctrl_c()
    ekuiper()
