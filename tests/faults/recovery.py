"""`make recovery`: how long rows stay away when a worker is killed.

A plugin's source, functions and sink work at 1,000 rows a second when its worker is killed; counted
is the time until each of them works again in the next worker. On the embedded host, or with
KUIPERD=/path/to/bin/kuiperd on that eKuiper, in one rule.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from .evidence import Evidence
from .plan import Plan, Step
from .real import play_on
from .rig import play

__all__ = ["main", "times"]

_PACE = 0.001
_KILLED = 1.0  # seconds after rows flow
_WORDS = {"source": "emit", "function": "answered", "sink": "collected"}
"""What the plugin writes down of each kind."""

_BOUNDS = {"source": 0.050, "function": 0.050, "sink": 0.200}
"""Seconds: a host waits 100 ms before it dials a sink again."""

_MATES = {"emit": 2, "answered": 2, "collected": 3}
"""Where in an entry stands who wrote it."""


def times(evidence: Evidence) -> dict[str, float]:
    """Seconds from the kill until each kind works again. Raises `RuntimeError` if one does not."""
    if evidence.failure or evidence.seen:
        raise RuntimeError("\n".join([evidence.failure, *evidence.seen]).strip())
    (kill,) = [done.began for done in evidence.done if done.what == "kill"]
    found = {}
    for kind, word in _WORDS.items():
        entries = [entry for entry in evidence.plugin if entry[0] == word]
        before = {_who(entry) for entry in entries if entry[1] <= kill}
        after = [entry[1] for entry in entries if entry[1] > kill and _who(entry) not in before]
        if not after:
            raise RuntimeError(f"the {kind} never worked again")
        found[kind] = min(after) - kill
    return found


def _who(entry: Sequence[object]) -> str:
    """The process, which a source's rows are named after."""
    return str(entry[_MATES[str(entry[0])]]).partition(".")[0]


def _plan() -> Plan:
    kill = Step(_KILLED, "kill", "worker", signal.SIGKILL.value)
    return Plan(
        seed=0,
        supervised=True,
        light=True,
        acks=False,
        wrapped=False,
        full_disk=False,
        steps=(kill,),
        pace=_PACE,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and tell by the exit status whether the medians are within bounds."""
    parser = argparse.ArgumentParser(prog="make recovery", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many workers are killed")
    parser.add_argument("--json", action="store_true", help="all times, in seconds")
    options = parser.parse_args(arguments)
    kuiperd = os.environ.get("KUIPERD")
    samples: dict[str, list[float]] = {kind: [] for kind in _WORDS}
    for _ in range(options.count):
        evidence = play_on(Path(kuiperd).resolve(), _plan()) if kuiperd else play(_plan())
        for kind, seconds in times(evidence).items():
            samples[kind].append(seconds)
    if options.json:
        print(json.dumps(samples))
    else:
        print(_told(samples, kuiperd or "the embedded host"))
    return int(any(median(found) > _BOUNDS[kind] for kind, found in samples.items()))


def _told(samples: dict[str, list[float]], where: str) -> str:
    lines = [f"Milliseconds until the next worker's first row, of {where}:"]
    for kind, found in samples.items():
        least, middle, most = (1000 * f(found) for f in (min, median, max))
        bound = 1000 * _BOUNDS[kind]
        word = "met" if middle <= bound else "not met"
        lines.append(
            f"  {kind:<9} median {middle:5.0f}, from {least:.0f} to {most:.0f}"
            f" of {len(found)}; at most {bound:.0f}: {word}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
