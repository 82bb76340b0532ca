"""What a check finds, and the rules that findings are named after."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Hosts", "Rule", "Severity", "Version"]

Severity = Literal["error", "warning"]
Version = tuple[int, int]


@dataclass(frozen=True)
class Hosts:
    """The versions of eKuiper that something happens on."""

    since: Version | None = None
    before: Version | None = None

    def include(self, version: Version) -> bool:
        """Whether it happens on this one."""
        return (self.since or version) <= version and (self.before is None or version < self.before)

    def __str__(self) -> str:
        since = f"from {_text(self.since)} on" if self.since else ""
        before = f"before {_text(self.before)}" if self.before else ""
        return " ".join(each for each in (since, before) if each)


@dataclass(frozen=True)
class Finding:
    """One defect. An error: a host refuses the plugin, or a part of it cannot work."""

    id: str
    """The rule's; it does not change from version to version."""
    severity: Severity
    place: str
    """`main.py:12`, the name of a zip's entry, or what is checked as a whole."""
    reason: str
    fix: str
    hosts: Hosts = Hosts()


@dataclass(frozen=True)
class Rule:
    """Something that is checked; called, it makes a finding."""

    id: str
    severity: Severity
    title: str
    hosts: Hosts = Hosts()

    def __call__(self, place: str, reason: str, fix: str) -> Finding:
        return Finding(self.id, self.severity, place, reason, fix, self.hosts)


def _text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
