"""What a plugin takes of the machine's memory."""

import os

__all__ = ["family", "memory", "resident"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST = 1000  # processes; more is a fork bomb, and no time to read maps


def family(pid: int) -> list[int]:
    """The process and all below it; it alone where the kernel does not list children."""
    found = [pid]
    for one in found:
        if len(found) < _MOST:
            found += [int(each) for each in _read(one, f"task/{one}/children").split()]
    return found


def memory(pids: list[int]) -> int | None:
    """Bytes they hold together, what is shared counted by its share (PSS); None where the kernel
    does not tell."""
    sizes = [size for pid in pids if (size := _proportional(pid)) is not None]
    return sum(sizes) if sizes else None


def resident(pids: list[int]) -> int:
    """Bytes they hold together, what is shared counted for each of them; for this the kernel has
    not to add up anything."""
    return sum(int((_read(pid, "statm").split() or (0, 0))[1]) for pid in pids) * _PAGE


def _proportional(pid: int) -> int | None:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None


def _read(pid: int, name: str) -> str:
    try:
        with open(f"/proc/{pid}/{name}") as file:
            return file.read()
    except OSError:
        return ""  # it has ended
