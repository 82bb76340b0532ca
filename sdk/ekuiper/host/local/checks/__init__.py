"""What is right and wrong with a machine that runs plugins; looks at nothing but a `Machine`."""

from collections.abc import Iterator

from ..machine import Machine
from .finding import Finding
from .folders import check_folders
from .hosts import check_hosts
from .leftovers import check_leftovers
from .programs import check_programs

__all__ = ["Finding", "check"]


def check(machine: Machine) -> list[Finding]:
    """All findings, those that are well among them, in the order in which to read them."""

    def found() -> Iterator[Finding]:
        yield from check_programs(machine)
        yield from check_folders(machine)
        yield from check_hosts(machine)
        yield from check_leftovers(machine)

    return list(found())
