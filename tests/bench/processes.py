"""What processes cost, read from /proc. Linux only."""

import os
from pathlib import Path

__all__ = ["cpu_of", "cpu_of_tree", "memory_of_tree", "parent_of", "threads_of_tree", "tree"]

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """This process and all below it that are alive."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def parent_of(pid: int) -> int:
    """Who started it; 0 if it is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def cpu_of(pid: int) -> float:
    """Seconds that this process alone has computed."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def cpu_of_tree(pid: int) -> float:
    """Seconds that it and all below it have computed, children that have ended included."""
    total = 0
    for one in tree(pid):
        total += sum(int(ticks) for ticks in (_stat(one) or [])[11:15])
    return total / _TICK


def memory_of_tree(pid: int, *, own: bool = False) -> float:
    """Megabytes of memory, what is shared counted by its share (PSS). With `own` without files such
    as the interpreter's code, of which the share depends on who else runs."""
    counted = "Pss_Anon:" if own else "Pss:"
    kilobytes = 0
    for one in tree(pid):
        for line in _read(one, "smaps_rollup").splitlines():
            if line.startswith(counted):
                kilobytes += int(line.split()[1])
    return kilobytes / 1000


def threads_of_tree(pid: int) -> int:
    """How many threads they have together."""
    return sum(int(fields[17]) for one in tree(pid) if (fields := _stat(one)))


def _stat(pid: int) -> list[str]:
    """The fields of `stat` from the state on; empty for a process that is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")
    except OSError:
        return ""
