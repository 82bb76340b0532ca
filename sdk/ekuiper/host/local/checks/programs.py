"""Pythons: this one, and the one that each host starts."""

from collections.abc import Iterator, Sequence

from ..kuiperd import Kuiperd
from ..machine import Machine
from .finding import Finding, error, warning, well

__all__ = ["check_programs"]

_LEAST = (3, 10)
_SET_IT = (
    "Name a newer one: KUIPER__PORTABLE__PYTHONBIN=/path/to/python3 in kuiperd's environment, or "
    "portable: pythonBin in its etc/kuiper.yaml; then restart kuiperd."
)


def check_programs(machine: Machine) -> Iterator[Finding]:
    """Whether they are new enough, and run."""
    text = f"Python {_text(machine.python)} runs this"
    if machine.python < _LEAST:
        fix = f"Install Python {_text(_LEAST)} or newer."
        yield error("python", machine.executable, f"{text}, too old for plugins", fix)
    else:
        yield well("python", machine.executable, text)
    for host in machine.hosts:
        if not host.unread:  # else it is not known which one it starts
            yield _check_host(machine, host)


def _check_host(machine: Machine, host: Kuiperd) -> Finding:
    program = host.python
    found = machine.interpreters.get(host.pid)
    place = host.file
    if found is not None and found.problem:
        return error("python-bin", place, f"pythonBin is {program}: {found.problem}", _SET_IT)
    if found is None or found.version is None:
        why = "in a container" if host.contained else "another user's"
        reason = f"pythonBin is {program}; it is {why}, and was not tried"
        fix = f"Run ekuiper doctor {'in the container' if host.contained else 'as that user'}."
        return warning("python-bin", place, reason, fix)
    which = f" ({found.path})" if found.path != program else ""
    reason = f"pythonBin is {program}{which}, Python {_text(found.version)}"
    if found.version < _LEAST:
        least = f"plugins need {_text(_LEAST)} or newer"
        return error("python-bin", place, f"{reason}, but {least}", _SET_IT)
    has = f"has ekuiper {found.package}" if found.package else "has no ekuiper package of its own"
    if found.package and found.package.startswith(("0.", "1.", "2.")):
        fix = (
            "Plugins that ekuiper pack made bring this one along. For others, replace it: "
            f"{found.path} -m pip install ekuiper-3….whl"
        )
        return warning("python-bin", place, f"{reason}, {has}: the official one", fix)
    return well("python-bin", place, f"{reason}, {has}")


def _text(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
