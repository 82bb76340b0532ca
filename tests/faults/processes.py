"""Processes by a mark in their environment: what a run started, and what it holds."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Held", "alive", "children", "describe", "held", "kill", "kill_all", "marked"]


class Held(NamedTuple):
    """What some processes have together."""

    processes: int
    threads: int
    descriptors: int

    def beyond(self, other: "Held") -> str:
        """What is more here than there, in words; "" if nothing is."""
        pairs = zip(self._fields, other, self, strict=True)
        return ", ".join(f"{now} {what}, once {then}" for what, then, now in pairs if now > then)


def marked(mark: str) -> list[int]:
    """The processes, zombies not counted, that were started with this text in their
    environment."""
    wanted = os.fsencode(mark)
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            try:
                if wanted in Path("/proc", entry, "environ").read_bytes():
                    found.append(int(entry))
            except OSError:
                pass  # it ended, or is somebody else's
    return found


def alive(mark: str | None, others: Sequence[int] = ()) -> list[int]:
    """Those with the mark, if one is given, and those of the `others`; zombies are not counted."""
    found = [] if mark is None else marked(mark)
    for pid in others:
        try:
            if "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
                found.append(pid)
        except OSError:
            pass  # it ended
    return found


def children(pid: int) -> list[int]:
    """Whom the threads of a process have started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            pass  # the thread ended
    return found


def held(mark: str) -> Held:
    """Now; of a process that ends meanwhile nothing is counted."""
    processes = threads = descriptors = 0
    for pid in marked(mark):
        try:
            tasks = len(os.listdir(f"/proc/{pid}/task"))
            files = len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
        processes, threads, descriptors = processes + 1, threads + tasks, descriptors + files
    return Held(processes, threads, descriptors)


def describe(mark: str) -> list[str]:
    """One line for each process."""
    lines = []
    for pid in marked(mark):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            status = Path(f"/proc/{pid}/status").read_text()
            files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        state = f"parent {fields['PPid'].strip()}, {fields['Threads'].strip()} threads"
        lines.append(f"{pid} ({state}) {command:.120}: {' '.join(sorted(files))}")
    return lines


def kill(pid: int, how: int) -> str:
    """Send it this signal; who it was, or that there is none."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return "has gone"
    return f"{pid}"


def kill_all(mark: str) -> None:
    """End whatever is left."""
    for pid in marked(mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
