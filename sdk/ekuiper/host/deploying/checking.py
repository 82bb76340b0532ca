"""What of a check stands against one host."""

from collections.abc import Iterable

from ...bundle.checks import Checked, Finding, Installed, Target, check_target
from ...errors import HostError
from ..rest.plugins import Plugin

__all__ = ["Refused", "check_host", "ends_itself", "told"]

_FIRST, _LAST = (2, 0, 0), (2, 1, 0)  # that end themselves when a plugin in use cannot go on
_DROPPED = "symbol-dropped"
_NOT_OURS = "plugin-taken"  # a warning elsewhere; to replace somebody's plugin is no update


class Refused(HostError):
    """Nothing was done on the host, for the reason given."""


def check_host(found: Checked, place: str, version: str, plugins: Iterable[Plugin]) -> list[str]:
    """What to note of this host, which has these plugins. Raises `Refused` where the plugin would
    not be installed, or not work, or take something from another one."""
    target = Target(place, version, tuple(_installed(each) for each in plugins))
    of_version = [each for each in target.concerned(found.findings) if str(each.hosts)]
    met = list(check_target(found.manifest, target)) if found.manifest else []
    findings = [*of_version, *met]
    for finding in findings:
        if finding.severity == "error" or finding.id == _NOT_OURS:
            raise Refused(told(finding))
        if finding.id == _DROPPED and ends_itself(version):
            ends = f"If a rule has used it, eKuiper {version} ends itself then, with all rules"
            raise Refused(f"{told(finding)} {ends}; --no-check replaces it all the same")
    return [told(each) for each in findings]


def ends_itself(version: str) -> bool:
    """Whether an eKuiper of this version may end when a plugin cannot start after an update."""
    numbers = version.partition("-")[0].split(".")
    if not all(number.isdecimal() for number in numbers):
        return False
    return _FIRST <= tuple(map(int, numbers)) <= _LAST


def told(finding: Finding) -> str:
    """A finding as one sentence; of a host it is known which."""
    place = f"{finding.place}: " if str(finding.hosts) else ""
    return f"{finding.id}: {place}{finding.reason}. {finding.fix}"


def _installed(plugin: Plugin) -> Installed:
    return Installed(plugin.name, plugin.version, plugin.sources, plugin.sinks, plugin.functions)
