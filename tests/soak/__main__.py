"""`make soak`: numbered rows through source, function and sink, at half the rate that they reach.

On the embedded host, and after that on the eKuiper that KUIPERD names.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from .hosts import Embedded, Real, Soaked
from .outcome import Outcome
from .soak import soak

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run; the exit status is 1 when anything is wrong."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        print("soak: reads /proc, so it needs Linux", file=sys.stderr)
        return 2
    hosts = _hosts(options.hosts)
    if not hosts:
        print("soak: KUIPERD names no eKuiper", file=sys.stderr)
        return 2
    outcomes = []
    for host in hosts:
        outcomes.append(_soaked(host, options.seconds))
        if not options.json:
            print(outcomes[-1].text(), flush=True)
    if options.json:
        print(json.dumps([outcome.as_json() for outcome in outcomes], indent=1))
    return int(any(outcome.faults() for outcome in outcomes))


def _soaked(host: Soaked, seconds: float) -> Outcome:
    live = sys.stderr.isatty()

    def told(text: str) -> None:
        if live:
            print(f"\r{host.label}: {text} of {seconds:.0f} s\033[K", end="", file=sys.stderr)

    try:
        with host:
            return soak(host, seconds, told)
    finally:
        if live:
            print("\r\033[K", end="", file=sys.stderr)


def _hosts(wanted: str) -> list[Soaked]:
    hosts: list[Soaked] = [Embedded()] if wanted != "real" else []
    kuiperd = os.environ.get("KUIPERD")
    if kuiperd and wanted != "embedded":
        hosts.append(Real(Path(kuiperd).resolve()))
    return hosts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--for", dest="seconds", type=float, default=3600.0, help="seconds")
    parser.add_argument("--hosts", choices=("both", "embedded", "real"), default="both")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what runs is ended on the way out
    sys.exit(main())
