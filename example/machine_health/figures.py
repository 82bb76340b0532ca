"""Figures of this machine, as its operating system counts them."""

import os
import shutil

__all__ = ["Meter"]


class Meter:
    """Reads the figures; the CPU's is an average since the reading before.

    `disk` is any folder on the disk to look at. A figure the system does not tell is None.
    """

    def __init__(self, disk: str) -> None:
        self._disk = disk
        self._ticks = (0, 0)

    def read(self) -> dict[str, float | None]:
        """CPU, memory and disk in use, in percent, and how many processes wanted to run lately."""
        return {
            "cpu": self._cpu(),
            "memory": _memory(),
            "disk": _disk(self._disk),
            "load": round(os.getloadavg()[0], 2),
        }

    def _cpu(self) -> float:
        try:
            busy, total = _cpu_ticks()
        except FileNotFoundError:  # not Linux: as good a guess as the load allows
            return min(100.0, _percent(os.getloadavg()[0], os.cpu_count() or 1))
        busy_before, total_before = self._ticks
        self._ticks = busy, total
        return _percent(busy - busy_before, total - total_before)


def _cpu_ticks() -> tuple[int, int]:
    """Clock ticks that all processors together were busy, and that they had, since boot."""
    with open("/proc/stat") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    idle, waiting_for_disks = ticks[3], ticks[4]
    return sum(ticks) - idle - waiting_for_disks, sum(ticks)


def _memory() -> float | None:
    try:
        with open("/proc/meminfo") as file:
            kilobytes = {name: int(size.split()[0]) for name, size in (x.split(":") for x in file)}
    except FileNotFoundError:  # not Linux
        return None
    total = kilobytes["MemTotal"]
    return _percent(total - kilobytes["MemAvailable"], total)


def _disk(folder: str) -> float:
    usage = shutil.disk_usage(folder)
    return _percent(usage.used, usage.used + usage.free)


def _percent(part: float, whole: float) -> float:
    return round(100.0 * part / whole, 2) if whole > 0 else 0.0
