"""A CPU quota, as containers have it, for this process and what it starts meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .unavailable import UnavailableError

__all__ = ["quota"]

_PERIOD = 100_000  # microseconds; what Docker and Kubernetes set


@contextmanager
def quota(cpus: float) -> Iterator[None]:
    """Within, all together get `cpus` seconds of CPU a second; what was started must have ended
    when it is left. Raises `UnavailableError` where this user can make no such group."""
    home = _group_of(os.getpid())
    group = home / f"bench-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise UnavailableError(f"no CPU quota here: {error.strerror}: {group}") from None
    try:
        _enter(group, cpus)
        yield
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            _move(int(pid), home)  # this one, and what ends later than we wait
        group.rmdir()


def _group_of(pid: int) -> Path:
    """Its folder in the hierarchy that has the cpu controller, of either version of cgroups."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "cpu" or "cpu" in controllers.split(","):
            return Path("/sys/fs/cgroup") / "cpu" / path.lstrip("/")
        if not controllers and Path("/sys/fs/cgroup/cgroup.controllers").exists():
            return Path("/sys/fs/cgroup") / path.lstrip("/")
    raise UnavailableError("no CPU quota here: the kernel has no cgroup with a cpu controller")


def _enter(group: Path, cpus: float) -> None:
    try:
        _limit(group, cpus)
        _move(os.getpid(), group)
    except OSError as error:
        raise UnavailableError(f"no CPU quota here: {error}") from None


def _limit(group: Path, cpus: float) -> None:
    microseconds = int(cpus * _PERIOD)
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{microseconds} {_PERIOD}")
    else:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(microseconds))


def _move(pid: int, group: Path) -> None:
    try:
        (group / "cgroup.procs").write_text(str(pid))
    except ProcessLookupError:
        pass  # it has ended
